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
