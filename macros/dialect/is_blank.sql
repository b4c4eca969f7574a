{#
    Whether text is NULL or holds nothing but white space.

    value: a SQL expression of text.
#}
{% macro is_blank(value) %}
    {{- return(adapter.dispatch('is_blank')(value)) -}}
{% endmacro %}


{% macro duckdb__is_blank(value) -%}
    {#- most text begins with what is no white space: it needs no expression -#}
    case when ascii({{ value }}) > 32 then false
        else coalesce(not regexp_matches({{ value }}, '[^ \t\n\v\f\r]'), true) end
{%- endmacro %}
