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


{% macro spark__json_value(field) -%}
    {%- set json = _exact_numbers('record') -%}
    {%- set path = _spark_path(field) -%}
    {%- set member = "try_variant_get(try_parse_json(" ~ json ~ "), " ~ path ~ ", 'variant')" -%}
    {%- set text = 'get_json_object(' ~ json ~ ', ' ~ path ~ ')' -%}
    {#- a text by itself has no quotes in a path's result -#}
    case
        when problem is not null then null
        when schema_of_variant({{ member }}) = 'STRING' and {{ text }} not like '\u0001number:%'
            then to_json({{ member }})
        when schema_of_variant({{ member }}) = 'VOID' then 'null'
        else {{ _plain_numbers(text) }}
    end
{%- endmacro %}
