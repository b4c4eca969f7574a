{#
    A statement that stores what an entity holds at a run's end: dead letters, lineage, rows of the
    target and of the reconciliation, and how many rows of the target were decided under older
    rules, or come from sources that are registered no more.

    entity: the entity's name.
#}
{% macro count_state(entity) %}
{%- set decisions = warehouse_relation('ops', entity ~ '_decisions') -%}
{%- set projected = warehouse_relation('marts', entity) -%}
{%- set reconciliation = warehouse_relation('marts', entity ~ '_reconciliation') -%}
insert into {{ source('ops', 'run_counts') }} (run_id, entity, source, measure, amount)
with

present as (

    {{ current_rule_sets(entity) | indent(4) }}

),

-- joined, not compared with `not in`: without any, the engine does not even begin to read the target
older_rule_sets as (

    select
        used.rule_set,
        used.source,
        used.source in ('{{ sources_of(entity) | join("', '") }}') as is_registered
    from {{ source('ops', 'rule_sets') }} as used
    left join present
        on present.rule_set = used.rule_set
    where used.entity = '{{ entity }}'
        and present.rule_set is null

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
    select
        cast(null as {{ dbt.type_string() }}) as source,
        concat('dead letters ', status) as measure,
        sum(amount) as amount
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
    select null, concat('lineage ', steps.step), sum(decided.amount)
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
    select null, concat('lineage ', {{ step_before('redrives') }}), count(*)
    from {{ decisions }} as decisions
    left join {{ source('ops', 'redrive_requests') }} as redrives
        on redrives.entity = '{{ entity }}'
        and {{ was_redriven('decisions', 'redrives') | indent(8) }}
    where decisions.attempt > 1
    group by {{ step_before('redrives') }}
    {%- if projected is not none %}
    union all
    select null, 'target_rows', count(*) from {{ projected }}
    union all
    select
        older_rule_sets.source,
        case when older_rule_sets.is_registered then 'older_rules' else 'removed_source' end,
        count(*)
    from {{ projected }} as projected
    inner join older_rule_sets
        on older_rule_sets.rule_set = projected.rule_set
    group by
        older_rule_sets.source,
        older_rule_sets.is_registered
    {%- endif %}
    {%- if reconciliation is not none %}
    union all
    select null, concat('reconciliation ', status), count(*)
    from {{ reconciliation }}
    group by status
    {%- endif %}
) as state
cross join ({{ current_run() }}) as run
{% endmacro %}
