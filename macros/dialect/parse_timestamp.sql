{#
    Text as a timestamp in UTC, NULL where it is none, or lies before the year 1 or after 9999.

    The order is year, month, day ("2025-1-5" is the 5th of January). An offset is honoured. Without
    one the time is in the zone: a time that its clocks skipped is none, of one that they showed
    twice the first is taken, and a day begins with its first moment. T, Z and UTC may be in lower
    case. A second of 60 and an hour of 24 are none. Digits beyond the microsecond are cut off.

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
    {%- set usual_day = '[12][0-9]{3}-[0-9]{1,2}-[0-9]{1,2}' -%}
    {#- there is no year 0 -#}
    {%- set year = '([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])' -%}
    {%- set day = year ~ '-[0-9]{1,2}-[0-9]{1,2}' -%}
    {%- set minute = '([01]?[0-9]|2[0-3]):[0-5][0-9]' -%}
    {%- set time = '[T ]' ~ minute ~ '(:[0-5][0-9]([.][0-9]+)?)?' -%}
    {%- set offset = '(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)' -%}
    {%- set tidy -%}
        regexp_replace(regexp_replace(upper({{ trimmed(value) }}), ' ?UTC$', 'Z'), ' (Z|[+-])', '\1')
    {%- endset -%}
    case
        when regexp_full_match({{ value }}, '{{ usual_day }}({{ time }})?')
            then {{ _local_time_as_utc(value, zone) }}
        when regexp_full_match({{ value }}, '{{ usual_day }}{{ time }}{{ offset }}')
            then {{ _offset_time_as_utc(value) }}
        {#- a few have white space around, another spelling or a year from which an offset may lead
            out of the calendar; what is a list here is evaluated once #}
        when {{ value }} is not null then list_transform(
            list_transform([{{ tidy }}], lambda tidy_text: case
                when regexp_full_match(tidy_text, '{{ day }}({{ time }})?')
                    then {{ _local_time_as_utc('tidy_text', zone) }}
                when regexp_full_match(tidy_text, '{{ day }}{{ time }}{{ offset }}')
                    then {{ _offset_time_as_utc('tidy_text') }}
            end),
            lambda parsed_time: case
                when parsed_time >= timestamp '0001-01-01'
                    and parsed_time < timestamp '9999-12-31' + interval 1 day then parsed_time
            end
        )[1]
    end
{%- endmacro %}


{% macro _offset_time_as_utc(text) -%}
    make_timestamp(epoch_us(try_cast({{ text }} as timestamptz)))
{%- endmacro %}


{#- The engine moves a time that the clocks skipped, and takes the second of two. -#}
{% macro _local_time_as_utc(text, zone) -%}
    case when {{ zone }} = 'UTC' then try_cast({{ text }} as timestamp)
        else list_transform(
            list_transform([try_cast({{ text }} as timestamp)], lambda local_time: {
                'shown': local_time, 'read': local_time at time zone {{ zone }},
            }),
            lambda clock: case
                when clock.read at time zone {{ zone }} = clock.shown then list_transform(
                    [
                        {#- what it would be by the offset of the day before #}
                        epoch_us(clock.shown) - epoch_us(
                            make_timestamptz(epoch_us(clock.read) - 86400000000)
                            at time zone {{ zone }}
                        ) + epoch_us(clock.read) - 86400000000
                    ],
                    lambda earlier: case
                        when earlier = epoch_us(clock.read) then make_timestamp(earlier)
                        when make_timestamptz(earlier) at time zone {{ zone }} = clock.shown
                            then make_timestamp(earlier)
                        else make_timestamp(epoch_us(clock.read))
                    end
                )[1]
                {#- a day whose midnight was skipped begins when the clocks go on #}
                when not contains({{ text }}, ':') and cast(clock.shown as date)
                    = cast(clock.read at time zone {{ zone }} as date)
                    then make_timestamp(epoch_us(clock.read))
            end
        )[1]
    end
{%- endmacro %}


{% macro spark__parse_timestamp(value, zone) -%}
    {#- the engine would also take a year alone, names of zones and longer years -#}
    {%- set tidy -%}
        regexp_replace(
            regexp_replace(upper({{ trimmed(value) }}), r' ?UTC\z', 'Z'), ' (Z|[+-])', '$1'
        )
    {%- endset -%}
    {%- set year = '([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])' -%}
    {%- set day = year ~ '-[0-9]{1,2}-[0-9]{1,2}' -%}
    {%- set time = '[T ]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?' -%}
    {%- set offset = '(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)' -%}
    {%- set read = 'try_cast(' ~ tidy ~ ' as timestamp)' -%}
    {%- set moment = 'to_utc_timestamp(' ~ read ~ ', ' ~ zone ~ ')' -%}
    {%- set first = "timestamp '0001-01-01'" -%}
    {%- set last = "timestamp '9999-12-31 23:59:59.999999'" -%}
    case
        when {{ tidy }} rlike r'\A{{ day }}({{ time }})?\z' then case
            when {{ zone }} = 'UTC' then {{ read }}
            {#- a zone may lead out of the calendar, too #}
            when not ({{ moment }} between {{ first }} and {{ last }}) then null
            {#- it takes the first of two, as it should, and moves a time that the clocks skipped #}
            when from_utc_timestamp({{ moment }}, {{ zone }}) = {{ read }} then {{ moment }}
            {#- a day whose midnight was skipped begins when the clocks go on #}
            when not contains({{ tidy }}, ':') then {{ moment }}
        end
        when {{ tidy }} rlike r'\A{{ day }}{{ time }}{{ offset }}\z'
            and {{ read }} between {{ first }} and {{ last }} then {{ read }}
    end
{%- endmacro %}
