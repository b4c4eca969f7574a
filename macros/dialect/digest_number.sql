{#
    The md5 digest of text as one number, a decimal without places. It has all of the digest but
    two bits, and half the size of its hexadecimal form on disk and in joins.

    value: a SQL expression of text.
#}
{% macro digest_number(value) %}
    {{- return(adapter.dispatch('digest_number')(value)) -}}
{% endmacro %}


{% macro duckdb__digest_number(value) -%}
    cast(md5_number({{ value }}) >> 2 as decimal(38, 0))
{%- endmacro %}
