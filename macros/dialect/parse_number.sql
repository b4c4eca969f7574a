{#
    Text as a finite double, NULL where it is none: NaN and infinity are no numbers.

    value: a SQL expression of text.
#}
{% macro parse_number(value) %}
    {{- return(adapter.dispatch('parse_number')(value)) -}}
{% endmacro %}


{% macro duckdb__parse_number(value) -%}
    {#- The engine also reads 1_000 as a thousand and +-1 as -1; no source means that. It takes
        the same white space as this pattern, and that of other scripts is rare. -#}
    {%- set space = '[ \\t\\n\\v\\f\\r]*' -%}
    {%- set number = '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?' -%}
    case
        when regexp_full_match({{ value }}, '{{ space }}{{ number }}{{ space }}')
            then {{ _finite(value) }}
        when regexp_full_match({{ trimmed(value) }}, '{{ number }}')
            then {{ _finite(trimmed(value)) }}
    end
{%- endmacro %}


{% macro _finite(text) -%}
    case when isfinite(try_cast({{ text }} as double)) then try_cast({{ text }} as double) end
{%- endmacro %}


{% macro spark__parse_number(value) -%}
    {%- set text = trimmed(value) -%}
    case
        when {{ text }} rlike r'\A[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\z'
            and abs(try_cast({{ text }} as double)) < double('infinity')
            then try_cast({{ text }} as double)
    end
{%- endmacro %}
