{#
    Text as a finite double, NULL where it is none: NaN and infinity are no numbers.

    value: a SQL expression of text.
#}
{% macro parse_number(value) %}
    {{- return(adapter.dispatch('parse_number')(value)) -}}
{% endmacro %}


{% macro duckdb__parse_number(value) -%}
    {#- The engine reads 1_000 as a thousand; no source means that. -#}
    case when isfinite(try_cast({{ value }} as double)) and strpos({{ value }}, '_') = 0
        then try_cast({{ value }} as double) end
{%- endmacro %}
