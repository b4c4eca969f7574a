{#
    The adapters of all registered sources of an entity in one query.

    entity:   the entity's name; its sources are those of `vars: sources`.
    adapters: the SQL of each adapter by source, instead of those models.

    Columns: record_id (load and row number in one bigint, so in the order of arrival), source,
    load_id, row_number, record, problem, position, and the contract's columns as text.
#}
{% macro union_sources(entity, adapters=none) %}
{%- set columns = contract(entity).columns.keys() | list -%}
{%- set names = sources_of(entity) if adapters is none else adapters.keys() | list -%}
{%- for source_name in names %}
select
    load_id * {{ rows_per_load() }} + row_number as record_id,
    '{{ source_name }}' as source,
    load_id,
    row_number,
    record,
    problem,
    position,
    {{ columns | join(',\n    ') }}
from {% if adapters is none %}{{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
{%- else %}(
{{ adapters[source_name] }}
) as {{ source_name }}_adapted
{%- endif %}
{{ 'union all' if not loop.last }}
{%- else %}
-- no source is registered for {{ entity }}: the same columns, no rows
select
    cast(null as bigint) as record_id,
    cast(null as {{ dbt.type_string() }}) as source,
    cast(null as bigint) as load_id,
    cast(null as bigint) as row_number,
    cast(null as {{ dbt.type_string() }}) as record,
    cast(null as {{ dbt.type_string() }}) as problem,
    cast(null as {{ dbt.type_string() }}) as position,
    {% for column in columns -%}
    cast(null as {{ dbt.type_string() }}) as {{ column }}{{ ',' if not loop.last }}
    {% endfor -%}
where 1 = 0
{%- endfor %}
{% endmacro %}
