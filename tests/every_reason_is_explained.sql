-- A dead letter whose reason is neither one of the rules that it was decided under nor in the
-- catalogue could not be explained. Rules that were taken away since explain what they rejected.
with

dead_letters as (

    -- a late record has no other reason
    select distinct
        coalesce(error, outcome) as error,
        rule_set
    from {{ ref('decisions') }}
    where is_dead_letter

),

rule_sets as (

    select * from {{ source('ops', 'rule_sets') }}

),

catalogue as (

    select * from {{ ref('reasons') }}

)

select
    dead_letters.error,
    dead_letters.rule_set
from dead_letters
left join rule_sets
    on rule_sets.rule_set = dead_letters.rule_set
    and array_contains(rule_sets.reasons, dead_letters.error)
left join catalogue
    on catalogue.reason = dead_letters.error
where rule_sets.rule_set is null
    and catalogue.reason is null
