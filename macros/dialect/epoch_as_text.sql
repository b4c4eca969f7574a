{#
    A moment as text in UTC, with its offset.

    milliseconds: a SQL expression, text of the milliseconds since the beginning of 1970.
#}
{% macro epoch_as_text(milliseconds) %}
    {{- return(adapter.dispatch('epoch_as_text')(milliseconds)) -}}
{% endmacro %}


{% macro duckdb__epoch_as_text(milliseconds) -%}
    cast(epoch_ms(try_cast({{ milliseconds }} as bigint)) as varchar) || 'Z'
{%- endmacro %}
