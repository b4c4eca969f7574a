{#
    An aggregate: all values of a group as a sorted array.

    value: a SQL expression of text.
#}
{% macro sorted_list(value) %}
    {{- return(adapter.dispatch('sorted_list')(value)) -}}
{% endmacro %}


{% macro duckdb__sorted_list(value) -%}
    list({{ value }} order by {{ value }})
{%- endmacro %}


{% macro spark__sorted_list(value) -%}
    array_sort(collect_list({{ value }}))
{%- endmacro %}
