{#
    Text as a value of a contract's type; NULL where it is no such value. Reads settings.timezone
    for times without an offset.

    text: a SQL expression of text.
    type: string, number, decimal(p, s), integer, boolean, timestamp or json.
#}
{% macro typed_value(text, type) -%}
    {%- if type == 'number' -%} {{ parse_number(text) }}
    {%- elif type.startswith('decimal(') -%} {{ parse_decimal(trimmed(text), type) }}
    {%- elif type == 'timestamp' -%} {{ parse_timestamp(text, 'settings.timezone') }}
    {%- elif type == 'json' -%} {{ json_plain(text) }}
    {%- elif type == 'integer' -%}
    case when {{ matches(trimmed(text), '^[+-]?[0-9]+$') }}
        then try_cast({{ trimmed(text) }} as bigint) end
    {%- elif type == 'boolean' -%}
    case lower({{ trimmed(text) }}) when 'true' then true when 'false' then false end
    {%- else -%} {{ text }}
    {%- endif -%}
{%- endmacro %}
