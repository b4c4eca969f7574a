{#
    dbt gives the new rows of an incremental model to its strategy in a temporary table. Ours
    read them once or twice, in one statement each, so a view does: the rows are not written
    twice. All else is left to the adapter.

    temporary:     whether the rows are for a strategy.
    relation:      what to create.
    compiled_code: the query.
#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code) -%}
    {%- if temporary and config.get('incremental_strategy') in ['append', 'project'] -%}
        {%- if config.get('contract').enforced -%}
            {{ get_assert_columns_equivalent(compiled_code) }}
        {%- endif -%}
        create temporary view {{ relation.include(database=false, schema=false) }} as (
            {{ compiled_code }}
        )
    {%- else -%}
        {{ dbt.duckdb__create_table_as(temporary, relation, compiled_code, *varargs, **kwargs) }}
    {%- endif -%}
{%- endmacro %}
