{#
    A statement that stores what an entity holds at a run's end: dead letters, lineage, rows of the
    target and of the reconciliation.

    entity: the entity's name.
    run_id: the run.
#}
{% macro count_state(entity, run_id) %}
{%- set decisions = warehouse_relation('ops', entity ~ '_decisions') -%}
{%- set projected = warehouse_relation('marts', entity) -%}
{%- set reconciliation = warehouse_relation('marts', entity ~ '_reconciliation') -%}
insert into {{ source('ops', 'run_counts') }} (run_id, entity, source, measure, amount)
with

dead_letters as (

    select
        status,
        last_contract_version,
        count(*) as amount
    from (
        {{ dead_letters_of(decisions) | indent(8) }}
    ) as each_dead_letter
    group by
        status,
        last_contract_version

),

steps as (

    {{ lineage_steps() | indent(4) }}

)

select '{{ run_id }}', '{{ entity }}', null, state.measure, state.amount
from (
    select concat('dead letters ', status) as measure, sum(amount) as amount
    from dead_letters
    group by status
    union all
    select 'dead letters of another contract', coalesce(sum(amount), 0)
    from dead_letters
    where status = 'open'
        and last_contract_version <> '{{ contract(entity).version }}'
    union all
    select concat('lineage ', steps.step), sum(decided.amount)
    from (
        select outcome, count(*) as amount
        from {{ decisions }}
        group by outcome
    ) as decided
    inner join steps
        on steps.outcome = decided.outcome
    group by steps.step
    union all
    select 'lineage redrive', count(*)
    from {{ decisions }}
    where attempt > 1
    having count(*) > 0
    {%- if projected is not none %}
    union all
    select 'target_rows', count(*) from {{ projected }}
    {%- endif %}
    {%- if reconciliation is not none %}
    union all
    select concat('reconciliation ', status), count(*)
    from {{ reconciliation }}
    group by status
    {%- endif %}
) as state
{% endmacro %}
