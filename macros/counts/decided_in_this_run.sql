{#
    A SQL condition over the decisions of an entity: the run at work made them. They are decisions on
    the records that it checked, or that it completed before dbt took over from its plan; so the
    engine passes over the blocks of the past. Where nothing was checked, or a full delivery implies
    deletions in other loads, it reads all run_ids.

    entity: the entity's name.
#}
{% macro decided_in_this_run(entity) -%}
run_id = (select run_id from ({{ current_run() }}) as run)
{%- set node = graph.nodes['model.' ~ project_name ~ '.int_' ~ entity ~ '__checked'] %}
{%- set checked = load_relation(api.Relation.create(
    database=node.database, schema=node.schema, identifier=node.name
)) %}
{%- if checked is not none and not is_delivered_in_full(entity) %}
and load_id in (
    select load_id from {{ checked }}
    union all
    select completed.load_id
    from {{ source('ops', 'completed_loads') }} as completed
    inner join ({{ current_run() }}) as run
        on run.run_id = completed.run_id
    where completed.entity = '{{ entity }}'
    union all
    select {{ load_of('redriven.record_id') }}
    from {{ source('ops', 'redrive_requests') }} as redriven
    inner join ({{ current_run() }}) as run
        on run.started_at <= redriven.completed_at
    where redriven.entity = '{{ entity }}'
)
{%- endif -%}
{%- endmacro %}
