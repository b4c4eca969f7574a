{#
    A value as a SQL text literal.

    Example: {{ sql_text("it's") }}  ->  'it''s'
#}
{% macro sql_text(value) -%}
    '{{ (value | string).replace("'", "''") }}'
{%- endmacro %}
