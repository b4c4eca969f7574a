{#
    A statement that lets later statements of the same connection use the result of a query under a
    name.

    name:  the name.
    query: the SQL.

    Example: {{ keep_result('keys_of_records', query) }}
#}
{% macro keep_result(name, query) %}
    {{- return(adapter.dispatch('keep_result')(name, query)) -}}
{% endmacro %}


{% macro duckdb__keep_result(name, query) -%}
create or replace temporary table {{ name }} as
{{ query }}
{%- endmacro %}


{#- It has no temporary tables. What the query reads stays as it is meanwhile. -#}
{% macro spark__keep_result(name, query) -%}
create or replace temporary view {{ name }} as
{{ query }}
{%- endmacro %}
