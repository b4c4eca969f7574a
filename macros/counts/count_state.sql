{#
    A statement that stores what an entity holds at a run's end, all of it counted: dead letters,
    lineage, and what present_state counts. follow_state gives the same from the counts of the run
    before.

    entity: the entity's name.
#}
{% macro count_state(entity) %}
{%- set decisions = warehouse_relation('ops', entity ~ '_decisions') -%}
insert into {{ source('ops', 'run_counts') }} (run_id, entity, source, measure, amount)
with

older_rule_sets as (

    {{ older_rule_sets(entity) | indent(4) }}

),

dead_letters as (

    select
        status,
        rule_set,
        count(*) as amount
    from (
        {{ dead_letters_of(entity, decisions) | indent(8) }}
    ) as each_dead_letter
    group by
        status,
        rule_set

),

steps as (

    {{ lineage_steps() | indent(4) }}

)

select run.run_id, '{{ entity }}', state.source, state.measure, state.amount
from (
    select null as source, 'runs since all was counted' as measure, 0 as amount
    union all
    select null, concat_ws('', 'dead letters ', status), sum(amount)
    from dead_letters
    group by status
    union all
    select null, 'dead letters of another contract', coalesce(sum(dead_letters.amount), 0)
    from dead_letters
    inner join older_rule_sets
        on older_rule_sets.rule_set = dead_letters.rule_set
    where dead_letters.status = 'open'
        and older_rule_sets.is_registered
    union all
    select null, concat_ws('', 'lineage ', steps.step), sum(decided.amount)
    from (
        select outcome, is_deletion, count(*) as amount
        from {{ decisions }}
        group by outcome, is_deletion
    ) as decided
    inner join steps
        on steps.outcome = decided.outcome
        and steps.is_deletion = decided.is_deletion
    group by steps.step
    union all
    select null, concat_ws('', 'lineage ', {{ step_before('redrives') }}), count(*)
    from {{ decisions }} as decisions
    left join {{ source('ops', 'redrive_requests') }} as redrives
        on redrives.entity = '{{ entity }}'
        and {{ was_redriven('decisions', 'redrives') | indent(8) }}
    where decisions.attempt > 1
    group by {{ step_before('redrives') }}
    union all
    {{ present_state(entity) | indent(4) }}
) as state
cross join ({{ current_run() }}) as run
{% endmacro %}
