{#
    JSON text as plain text: a string without its quotes, NULL for null, all else as it is.

    value: a SQL expression.
#}
{% macro json_plain(value) %}
    {{- return(adapter.dispatch('json_plain')(value)) -}}
{% endmacro %}


{% macro duckdb__json_plain(value) -%}
    case
        when {{ value }} = 'null' then null
        when {{ value }} like '"%' and json_valid({{ value }})
            then json_extract_string({{ value }}, '$')
        else {{ value }}
    end
{%- endmacro %}


{% macro spark__json_plain(value) -%}
    case
        when {{ value }} = 'null' then null
        when {{ value }} like '"%' and try_parse_json({{ value }}) is not null
            then try_variant_get(try_parse_json({{ value }}), '$', 'string')
        else {{ value }}
    end
{%- endmacro %}
