{#
    A positive bigint from text, for joins and for choosing a share of the keys. It is a part of an
    md5 digest: rarely, two texts share one, so joins compare the text as well.

    value: a SQL expression of text.
#}
{% macro hash_number(value) %}
    {{- return(adapter.dispatch('hash_number')(value)) -}}
{% endmacro %}


{% macro duckdb__hash_number(value) -%}
    {#- md5_number_upper takes five times as long -#}
    cast(md5_number({{ value }}) >> 65 as bigint)
{%- endmacro %}


{% macro spark__hash_number(value) -%}
    ({{ _half_of_digest(value, 1) }} div 2)
{%- endmacro %}
