{#
    Text as a decimal with exactly its digits, NULL where it has others than the type can hold: 1.005
    is no decimal(10, 2), 1.50 and 15e-1 are.

    value: a SQL expression of text.
    type:  decimal(p, s).
#}
{% macro parse_decimal(value, type) %}
    {{- return(adapter.dispatch('parse_decimal')(value, type)) -}}
{% endmacro %}


{% macro duckdb__parse_decimal(value, type) -%}
    {%- set parsed = 'try_cast(' ~ value ~ ' as ' ~ type ~ ')' -%}
    {#- the cast rounds; what it keeps has the same digits as the text, idle zeros apart -#}
    case when {{ number_by_size('cast(' ~ parsed ~ ' as varchar)') }} = {{ number_by_size(value) }}
        then {{ parsed }} end
{%- endmacro %}


{% macro spark__parse_decimal(value, type) -%}
    {%- set parsed = 'try_cast(' ~ value ~ ' as ' ~ type ~ ')' -%}
    case when {{ number_by_size('cast(' ~ parsed ~ ' as string)') }} = {{ number_by_size(value) }}
        then {{ parsed }} end
{%- endmacro %}
