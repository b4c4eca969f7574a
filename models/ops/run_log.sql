with

runs as (

    select * from {{ source('ops', 'runs') }}

)

select
    run_id,
    command,
    status,
    started_at,
    ended_at,
    duration_ms,
    run_clock,
    skip,
    errors
from runs
