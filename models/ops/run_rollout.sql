with

counts as (

    select * from {{ source('ops', 'run_counts') }}
    where substr(measure, 1, 8) = 'rollout '

)

select
    run_id,
    entity,
    source,
    split_part(measure, ' ', 2) as stage,
    split_part(measure, ' ', 3) as compared_group,
    split_part(measure, ' ', 4) as outcome,
    amount as records
from counts
