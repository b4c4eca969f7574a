{#
    A field of the record as JSON text, its type kept: "1" stays a string, 1 a number. For the
    columns that a contract declares as type json.

    field: as for json_text.

    Example: {{ json_value('payload') }} as status
#}
{% macro json_value(field) %}
    {{- return(adapter.dispatch('json_value')(field)) -}}
{% endmacro %}


{% macro duckdb__json_value(field) -%}
    ops.json_value(record, problem, {{ _json_path(field) }})
{%- endmacro %}
