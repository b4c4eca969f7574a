{#
    JSON text in which neither the order of an object's keys nor white space matters: an object
    or array becomes the sorted list of its leaves, a scalar stays as it is.

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


{#- A number in decimals, since doubles beyond 2^53 look alike; what is too large stays as it is. #}
{% macro _by_size(number) -%}
    coalesce(cast(try_cast({{ number }} as decimal(38, 18)) as varchar), {{ number }})
{%- endmacro %}
