{#
    Text as a finite double, NULL where it is none: NaN and infinity are no numbers.

    value: a SQL expression of text.
#}
{% macro parse_number(value) %}
    {{- return(adapter.dispatch('parse_number')(value)) -}}
{% endmacro %}


{% macro duckdb__parse_number(value) -%}
    {#- The engine also reads 1_000 as a thousand and +-1 as -1; no source means that. It takes
        the same white space as this pattern. -#}
    {%- set space = '[ \\t\\n\\v\\f\\r]*' -%}
    {%- set number = '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?' -%}
    case when regexp_full_match({{ value }}, '{{ space }}{{ number }}{{ space }}')
            and isfinite(try_cast({{ value }} as double))
        then try_cast({{ value }} as double) end
{%- endmacro %}
