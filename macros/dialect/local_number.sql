{#
    For adapters: a number that a source writes with other signs than a contract reads, as text with
    a decimal point. What is no such number stays as it is, so that the contract finds it invalid;
    where the contract would take it for another number, it is told what was expected instead.

    value:     a SQL expression of text.
    decimal:   the sign before the decimals.
    thousands: the sign between groups of three digits, which may be left out; a blank for white
               space of any kind, '' for none.

    Example: {{ local_number(json_text('price'), decimal=',', thousands='.') }} as price
             1.234,50 -> 1234.50      12.5 -> 12.5 (expected as 1.234,5)
#}
{% macro local_number(value, decimal=',', thousands='.') %}
    {{- return(adapter.dispatch('local_number')(value, decimal, thousands)) -}}
{% endmacro %}


{% macro duckdb__local_number(value, decimal, thousands) -%}
    {%- if decimal | length != 1 or thousands | length > 1 or decimal == thousands
        or (decimal ~ thousands).strip('.,\'’_ ') -%}
        {{ exceptions.raise_compiler_error(
            "local_number: expected two different signs of . , ' ’ _ and blank, got decimal='"
            ~ decimal ~ "', thousands='" ~ thousands ~ "'"
        ) }}
    {%- endif -%}
    {%- set group = '[\\pZ\\t]' if thousands == ' ' else '[' ~ thousands ~ ']' -%}
    {%- set groups = '[0-9]{1,3}(' ~ group ~ '[0-9]{3})+|' if thousands else '' -%}
    {%- set pattern -%}
        [+-]?((({{ groups }}[0-9]+)([{{ decimal }}][0-9]*)?)|[{{ decimal }}][0-9]+)
    {%- endset -%}
    {%- set ungrouped -%}
        regexp_replace({{ trimmed(value) }}, {{ sql_text(group if thousands else ' ') }}, '', 'g')
    {%- endset -%}
    case
        when regexp_full_match({{ trimmed(value) }}, {{ sql_text(pattern) }})
            then replace({{ ungrouped }}, {{ sql_text(decimal) }}, '.')
        when {{ parse_number(value) }} is not null
            then {{ value }} || {{ sql_text(' (expected as 1' ~ thousands ~ '234' ~ decimal ~ '5)') }}
        else {{ value }}
    end
{%- endmacro %}


{% macro spark__local_number(value, decimal, thousands) -%}
    {%- do duckdb__local_number(value, decimal, thousands) -%}
    {%- set group = '[\\pZ\\t]' if thousands == ' ' else '[' ~ thousands ~ ']' -%}
    {%- set whole = '[0-9]{1,3}(' ~ group ~ '[0-9]{3})+|[0-9]+' if thousands else '[0-9]+' -%}
    {%- set point = '[' ~ decimal ~ ']' -%}
    {%- set pattern -%}
        \A[+-]?(({{ whole }})({{ point }}[0-9]*)?|{{ point }}[0-9]+)\z
    {%- endset -%}
    case
        when {{ trimmed(value) }} rlike {{ sql_text(pattern) }} then replace(
            regexp_replace({{ trimmed(value) }}, {{ sql_text(group if thousands else ' ') }}, ''),
            {{ sql_text(decimal) }},
            '.'
        )
        when {{ parse_number(value) }} is not null
            then {{ value }} || {{ sql_text(' (expected as 1' ~ thousands ~ '234' ~ decimal ~ '5)') }}
        else {{ value }}
    end
{%- endmacro %}
