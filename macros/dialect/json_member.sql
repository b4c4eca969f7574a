{#
    The text of a member of a JSON object.

    value: a SQL expression of JSON text.
    name:  the member's name.
#}
{% macro json_member(value, name) %}
    {{- return(adapter.dispatch('json_member')(value, name)) -}}
{% endmacro %}


{% macro duckdb__json_member(value, name) -%}
    json_extract_string({{ value }}, '$.{{ name }}')
{%- endmacro %}


{% macro spark__json_member(value, name) -%}
    get_json_object({{ value }}, '$.{{ name }}')
{%- endmacro %}
