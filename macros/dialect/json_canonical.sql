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
    {%- set atom = 'ops.plain_numbers(cast(leaf.atom as varchar))' -%}
    {%- if numbers_by_size -%}
        {%- set atom = number_by_size(atom) -%}
    {%- endif -%}
    case
        when {{ nested }} then (
            select string_agg(
                leaf.fullkey || '=' || coalesce({{ atom }}, leaf.type), ';' order by leaf.fullkey
            )
            from json_tree(case when {{ nested }} then ops.exact_numbers({{ value }}) end) as leaf
        )
        {%- if numbers_by_size %}
        else {{ number_by_size(value) }}
        {%- else %}
        else {{ value }}
        {%- endif %}
    end
{%- endmacro %}

