with

counted as (

    {{ counts_of_runs(['run_id', 'entity']) | indent(4) }}

),

runs as (

    select * from {{ source('ops', 'runs') }}

)

select
    runs.run_id,
    runs.started_at,
    runs.status,
    counted.entity,
    counted.records,
    counted.applied,
    counted.superseded,
    counted.outdated,
    counted.late,
    counted.rejected,
    counted.duplicate,
    counted.accepted,
    counted.deleted,
    counted.implied_deletions,
    counted.stale,
    counted.ties,
    counted.ambiguous_times,
    counted.unvalidated,
    counted.null_keys,
    counted.quality
from counted
inner join runs
    on runs.run_id = counted.run_id
