{#
    Text without the white space around it; a plain trim takes away spaces only.

    value: a SQL expression of text.
#}
{% macro trimmed(value) %}
    {{- return(adapter.dispatch('trimmed')(value)) -}}
{% endmacro %}


{% macro duckdb__trimmed(value) -%}
    trim({{ value }}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))
{%- endmacro %}
