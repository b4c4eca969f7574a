{#  The present moment as a timestamp in UTC. #}
{% macro utc_now() %}
    {{- return(adapter.dispatch('utc_now')()) -}}
{% endmacro %}


{% macro duckdb__utc_now() -%}
    cast(current_timestamp at time zone 'UTC' as timestamp)
{%- endmacro %}


{% macro spark__utc_now() -%}
    current_timestamp()
{%- endmacro %}
