{#
    Text without white space around it. A plain trim removes spaces only.

    value: a SQL expression of text.
#}
{% macro trimmed(value) %}
    {{- return(adapter.dispatch('trimmed')(value)) -}}
{% endmacro %}


{% macro duckdb__trimmed(value) -%}
    {#- trimming a set of characters is slow, and most text needs none -#}
    case when ascii({{ value }}) > 32 and ascii(right({{ value }}, 1)) > 32 then {{ value }}
        else trim({{ value }}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)) end
{%- endmacro %}
