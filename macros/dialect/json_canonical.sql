{#
    JSON text in which neither the order of an object's keys nor white space matters: an object
    or array becomes the sorted list of its leaves. Other values stay as they are.

    value:           a SQL expression.
    numbers_by_size: also write equal numbers alike (1 is 1.0), for comparing sources.
#}
{% macro json_canonical(value, numbers_by_size=false) %}
    {{- return(adapter.dispatch('json_canonical')(value, numbers_by_size)) -}}
{% endmacro %}


{% macro duckdb__json_canonical(value, numbers_by_size) -%}
    {%- set nested -%}
        substr({{ value }}, 1, 1) in ('{', '[') and json_valid({{ value }})
    {%- endset -%}
    {%- set atom = 'cast(leaf.atom as varchar)' -%}
    {%- if numbers_by_size -%}
        {%- set atom -%}
            case when leaf.type in ('UBIGINT', 'BIGINT', 'DOUBLE')
                then {{ _by_size(atom) }} else {{ atom }} end
        {%- endset -%}
    {%- endif -%}
    case
        when {{ nested }} then (
            select string_agg(
                leaf.fullkey || '=' || coalesce({{ atom }}, leaf.type), ';' order by leaf.fullkey
            )
            from json_tree(case when {{ nested }} then {{ value }} end) as leaf
        )
        {%- if numbers_by_size %}
        when {{ value }} not like '"%' then {{ _by_size(value) }}
        {%- endif %}
        else {{ value }}
    end
{%- endmacro %}


{#- The digits and the exponent of a number, without idle zeros: exact, whatever its size. #}
{% macro _by_size(number) -%}
    {%- set mantissa = 'regexp_replace(' ~ number ~ ", '[eE].*$', '')" -%}
    {%- set digits = 'replace(ltrim(' ~ mantissa ~ ", '-'), '.', '')" -%}
    {%- set kept = 'rtrim(' ~ digits ~ ", '0')" -%}
    {%- set decimals = 'length(regexp_extract(' ~ mantissa ~ ", '[.]([0-9]+)$', 1))" -%}
    {%- set power = 'regexp_extract(' ~ number ~ ", '[eE]([+-]?[0-9]+)$', 1)" -%}
    case
        when not regexp_full_match({{ number }}, '-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,9})?')
            then {{ number }}
        when ltrim({{ kept }}, '0') = '' then '0'
        else concat(
            case when {{ number }} like '-%' then '-' end,
            ltrim({{ kept }}, '0'),
            'e',
            coalesce(try_cast({{ power }} as bigint), 0) - {{ decimals }}
            + length({{ digits }}) - length({{ kept }})
        )
    end
{%- endmacro %}
