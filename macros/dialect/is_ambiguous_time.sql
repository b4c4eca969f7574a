{#
    Whether text is a time without an offset that the clocks of its zone showed twice, when they were
    set back. parse_timestamp took the first of the two.

    value:  a SQL expression of text.
    zone:   a SQL expression that names the time zone of times without an offset.
    moment: a SQL expression of what parse_timestamp made of the text.

    Example: {{ is_ambiguous_time('staged_ts', 'settings.timezone', 'ts') }}
#}
{% macro is_ambiguous_time(value, zone, moment) %}
    {{- return(adapter.dispatch('is_ambiguous_time')(value, zone, moment)) -}}
{% endmacro %}


{% macro duckdb__is_ambiguous_time(value, zone, moment) -%}
    {%- set shown -%}
        coalesce(
            try_cast({{ value }} as timestamp), try_cast(upper({{ trimmed(value) }}) as timestamp)
        )
    {%- endset -%}
    {%- set later_offset -%}
        epoch_us(make_timestamptz(epoch_us({{ moment }}) + 86400000000) at time zone {{ zone }})
        - epoch_us({{ moment }}) - 86400000000
    {%- endset -%}
    case
        when {{ zone }} = 'UTC' or {{ moment }} is null then false
        {#- nearly all have the offset of the day after, and nothing more is asked of them #}
        when epoch_us({{ shown }}) - epoch_us({{ moment }}) = {{ later_offset }} then false
        when make_timestamptz(epoch_us({{ moment }})) at time zone {{ zone }} = {{ shown }}
            and make_timestamptz(epoch_us({{ shown }}) - ({{ later_offset }}))
                at time zone {{ zone }} = {{ shown }}
            then not regexp_matches(
                {{ trimmed(value) }}, '([Zz]|[Uu][Tt][Cc]|:[0-9.]+ ?[+-][0-9:]+)$'
            )
        else false
    end
{%- endmacro %}


{% macro spark__is_ambiguous_time(value, zone, moment) -%}
    {%- set shown = 'unix_micros(from_utc_timestamp(' ~ moment ~ ', ' ~ zone ~ '))' -%}
    {#- by the offset of the day after -#}
    {%- set later -%}
        unix_micros({{ moment }}) + {{ shown }} + 86400000000
        - unix_micros(from_utc_timestamp({{ moment }} + interval '1' day, {{ zone }}))
    {%- endset -%}
    case
        when {{ zone }} = 'UTC' or {{ moment }} is null or {{ later }} = unix_micros({{ moment }})
            then false
        when unix_micros(from_utc_timestamp(timestamp_micros({{ later }}), {{ zone }})) = {{ shown }}
            then not ({{ trimmed(value) }} rlike r'([Zz]|[Uu][Tt][Cc]|:[0-9.]+ ?[+-][0-9:]+)\z')
        else false
    end
{%- endmacro %}
