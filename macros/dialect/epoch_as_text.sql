{#
    For adapters: a moment that is given as a number since the beginning of 1970, as text in UTC with
    its offset. Text that is no such number, or lies outside of the years 1 to 9999, stays as it is,
    so that the contract finds it invalid. Digits beyond the microsecond are cut off.

    value: a SQL expression of text.
    unit:  what the number counts: seconds, milliseconds or microseconds.

    Example: {{ epoch_as_text(json_text('at'), 'seconds') }} as ts
             1736928000.5 -> 2025-01-15 08:00:00.5Z
#}
{% macro epoch_as_text(value, unit='milliseconds') %}
    {{- return(adapter.dispatch('epoch_as_text')(value, unit)) -}}
{% endmacro %}


{% macro duckdb__epoch_as_text(value, unit) -%}
    {%- set decimals = {'seconds': 6, 'milliseconds': 3, 'microseconds': 0} -%}
    {%- if unit not in decimals -%}
        {{ exceptions.raise_compiler_error(
            "epoch_as_text: expected one of " ~ decimals.keys() | join(', ') ~ ", got '" ~ unit ~ "'"
        ) }}
    {%- endif -%}
    {#- a list, so that what it holds is evaluated once -#}
    list_transform([{{ trimmed(value) }}], lambda given_number: coalesce(
        case when regexp_full_match(given_number, '[+-]?[0-9]{1,17}([.][0-9]*)?')
            then list_transform(
                [
                    cast(regexp_extract(given_number, '^[+-]?[0-9]+([.][0-9]{0,{{ decimals[unit] }}})?')
                        as decimal(24, 6)) * {{ 10 ** decimals[unit] }}
                ],
                lambda micros: case
                    when micros between -62135596800000000 and 253402300799999999
                        then cast(make_timestamp(cast(micros as bigint)) as varchar) || 'Z'
                end
            )[1]
        end,
        {{ value }}
    ))[1]
{%- endmacro %}


{% macro spark__epoch_as_text(value, unit) -%}
    {%- do duckdb__epoch_as_text(value, unit) -%}
    {%- set places = {'seconds': 6, 'milliseconds': 3, 'microseconds': 0}[unit] -%}
    {%- set number -%}
        regexp_extract(
            {{ trimmed(value) }}, r'\A([+-]?[0-9]{1,17}([.][0-9]{0,{{ places }}})?)[0-9]*\z', 1
        )
    {%- endset -%}
    {%- set micros = 'try_cast(' ~ number ~ ' as decimal(24, 6)) * ' ~ 10 ** places -%}
    case
        when {{ micros }} between -62135596800000000 and 253402300799999999
            then concat(cast(timestamp_micros(cast({{ micros }} as bigint)) as string), 'Z')
        else {{ value }}
    end
{%- endmacro %}
