-- A dead letter whose reason neither a contract nor the catalogue knows could not be explained.
with

letters as (

    -- what came late has no reason but that
    select distinct coalesce(error, outcome) as error
    from {{ ref('decisions') }}
    where is_dead_letter

),

explained as (

    select reason from {{ ref('contract_rules') }}
    union all
    select reason from {{ ref('reasons') }}

)

select letters.error
from letters
left join explained
    on explained.reason = letters.error
where explained.reason is null
