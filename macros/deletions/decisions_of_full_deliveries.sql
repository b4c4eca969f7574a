{#
    A relation, to write after `from`: the decisions of the entities that are delivered in full. Of
    the others none are asked for, so that one that cannot be read keeps nobody from an answer.

    Columns: entity, source, load_id, record_key, run_id.
#}
{% macro decisions_of_full_deliveries() -%}
{#- while dbt parses, it knows no settings of sources, but asks which models may be read -#}
{%- for entity in var('sources') if not execute -%}
    {%- do ref(entity ~ '_decisions') -%}
{%- endfor -%}
(
    {% for entity in var('sources') if is_delivered_in_full(entity) -%}
    select
        '{{ entity }}' as entity,
        source,
        load_id,
        record_key,
        run_id
    from {{ ref(entity ~ '_decisions') }}
    union all
    {% endfor -%}
    select
        cast(null as string) as entity,
        cast(null as string) as source,
        cast(null as bigint) as load_id,
        cast(null as string) as record_key,
        cast(null as string) as run_id
    where 1 = 0
)
{%- endmacro %}
