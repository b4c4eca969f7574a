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


{% macro spark__digest_number(value) -%}
    cast(
        {{ _half_of_digest(value, 1) }} * 4611686018427387904
        + ({{ _half_of_digest(value, 17) }} div 4)
        as decimal(38, 0)
    )
{%- endmacro %}


{#-
    Half of the md5 digest as a number, from one of its 32 hexadecimal digits on. The bytes are
    turned around, as DuckDB begins with the last one.
-#}
{% macro _half_of_digest(value, start) -%}
    cast(
        conv(
            substr(regexp_replace(reverse(md5({{ value }})), '(.)(.)', '$2$1'), {{ start }}, 16), 16, 10
        )
        as decimal(20, 0)
    )
{%- endmacro %}
