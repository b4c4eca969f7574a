-- A dead letter whose reason neither a contract nor the catalogue knows could not be explained.
with

dead_letters as (

    -- a late record has no other reason
    select distinct coalesce(error, outcome) as error
    from {{ ref('decisions') }}
    where is_dead_letter

),

explained as (

    select reason from {{ ref('contract_rules') }}
    union all
    select reason from {{ ref('reasons') }}

)

select dead_letters.error
from dead_letters
left join explained
    on explained.reason = dead_letters.error
where explained.reason is null
