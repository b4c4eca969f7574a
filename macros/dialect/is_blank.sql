{#
    Whether text is NULL or holds nothing but white space.

    value: a SQL expression of text.
#}
{% macro is_blank(value) %}
    {{- return(adapter.dispatch('is_blank')(value)) -}}
{% endmacro %}


{% macro duckdb__is_blank(value) -%}
    coalesce(not regexp_matches({{ value }}, '[^ \t\n\v\f\r]'), true)
{%- endmacro %}
