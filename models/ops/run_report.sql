with

counts as (

    select * from {{ source('ops', 'run_counts') }}

),

runs as (

    select * from {{ source('ops', 'runs') }}

),

pivoted as (

    select
        run_id,
        entity,
        source,
        {%- for outcome in [
            'applied', 'superseded', 'outdated', 'late', 'rejected', 'duplicate',
        ] %}
        coalesce(sum(case when measure = '{{ outcome }}' then amount end), 0) as {{ outcome }},
        {%- endfor %}
        coalesce(sum(
            case when {{ is_accepted('measure') }} then amount end
        ), 0) as accepted,
        coalesce(sum(case when measure = 'stale' then amount end), 0) as stale,
        coalesce(sum(case when measure = 'tie' then amount end), 0) as ties
    from counts
    where source is not null
    group by
        run_id,
        entity,
        source

)

select
    runs.run_id,
    runs.started_at,
    runs.status,
    pivoted.entity,
    pivoted.source,
    pivoted.accepted + pivoted.late + pivoted.rejected + pivoted.duplicate as records,
    pivoted.applied,
    pivoted.superseded,
    pivoted.outdated,
    pivoted.late,
    pivoted.rejected,
    pivoted.duplicate,
    pivoted.stale,
    pivoted.ties,
    cast(pivoted.accepted as double)
    / nullif(pivoted.accepted + pivoted.rejected, 0) as quality
from pivoted
inner join runs
    on runs.run_id = pivoted.run_id
