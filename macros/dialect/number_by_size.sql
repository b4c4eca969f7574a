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
