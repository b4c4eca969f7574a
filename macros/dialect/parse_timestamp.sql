{#
    Text as a timestamp in UTC, NULL where it is none. An offset is honoured; without one the
    time is in the zone. The order is year, month, day ("2025-1-5" is the 5th of January).

    value: a SQL expression of text.
    zone:  a SQL expression that names the time zone of times without an offset.

    Example: {{ parse_timestamp('ts', 'settings.timezone') }}
#}
{% macro parse_timestamp(value, zone) %}
    {{- return(adapter.dispatch('parse_timestamp')(value, zone)) -}}
{% endmacro %}


{% macro duckdb__parse_timestamp(value, zone) -%}
    {#- The engine would also take 'epoch', 'infinity' and zone names, and a plain cast to
        timestamp silently drops an offset: hence the patterns and the two ways. -#}
    {%- set text = trimmed(value) -%}
    {%- set time_of_day = '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?' -%}
    {%- set offset = ' ?(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)' -%}
    {#- there is no year 0 -#}
    {%- set year = '([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])' -%}
    {%- set day = year ~ '-[0-9]{1,2}-[0-9]{1,2}' -%}
    {%- set space = '[ \\t\\n\\v\\f\\r]*' -%}
    {#- most text needs no trimming, which would take longer than the cast -#}
    {%- set local_time -%}
        coalesce(try_cast({{ value }} as timestamp), try_cast({{ text }} as timestamp))
    {%- endset -%}
    case
        when regexp_full_match(
            {{ value }}, '{{ space }}{{ day }}([T ]{{ time_of_day }})?{{ space }}'
        )
            then case
                when {{ zone }} = 'UTC' then {{ local_time }}
                else {{ local_time }} at time zone {{ zone }} at time zone 'UTC'
            end
        when regexp_full_match({{ text }}, '{{ day }}[T ]{{ time_of_day }}{{ offset }}')
            then try_cast(regexp_replace({{ text }}, ' (Z|[+-])', '\1') as timestamptz)
                at time zone 'UTC'
    end
{%- endmacro %}
