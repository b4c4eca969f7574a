{#
    A value as a SQL text literal.

    value: the value itself, no SQL expression.

    Example: {{ sql_text("it's") }}  ->  'it''s'
#}
{% macro sql_text(value) %}
    {{- return(adapter.dispatch('sql_text')(value)) -}}
{% endmacro %}


{% macro duckdb__sql_text(value) -%}
    '{{ (value | string).replace("'", "''") }}'
{%- endmacro %}


{#- there, a backslash escapes -#}
{% macro spark__sql_text(value) -%}
    '{{ (value | string).replace("\\", "\\\\").replace("'", "\\'") }}'
{%- endmacro %}
