{#
    Text in which numbers of one size are written alike, whatever their length: 1, 1.0 and 1e0 are
    1e0. It is digits and an exponent, exact. Text that is no number stays as it is.

    value: a SQL expression of text.
#}
{% macro number_by_size(value) %}
    {{- return(adapter.dispatch('number_by_size')(value)) -}}
{% endmacro %}


{% macro duckdb__number_by_size(value) -%}
    ops.number_by_size({{ value }})
{%- endmacro %}


{% macro spark__number_by_size(value) -%}
    {%- set text = 'regexp_replace(' ~ value ~ ", r'\\A\\p{Zs}+|\\p{Zs}+\\z', '')" -%}
    {%- set mantissa = "regexp_replace(ltrim('+', " ~ text ~ "), '[eE].*', '')" -%}
    {%- set digits = "replace(ltrim('-', " ~ mantissa ~ "), '.', '')" -%}
    {%- set kept = "rtrim('0', " ~ digits ~ ')' -%}
    {%- set decimals = 'length(regexp_extract(' ~ mantissa ~ ", '[.]([0-9]*)', 1))" -%}
    {%- set power = 'regexp_extract(' ~ text ~ ", '[eE]([+-]?[0-9]+)', 1)" -%}
    case
        when ({{ text }} rlike r'\A[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,9})?\z')
            is not true then {{ value }}
        when ltrim('0', {{ kept }}) = '' then '0e0'
        else concat(
            case when {{ text }} like '-%' then '-' else '' end,
            ltrim('0', {{ kept }}),
            'e',
            coalesce(try_cast({{ power }} as bigint), 0) - {{ decimals }}
            + length({{ digits }}) - length({{ kept }})
        )
    end
{%- endmacro %}
