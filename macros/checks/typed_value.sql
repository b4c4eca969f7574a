{#
    Text as a value of a column of a contract; NULL where it is no such value, and where an optional
    text is blank, unless the contract says `blank: keep`. Reads settings.timezone for times without
    an offset.

    text:   a SQL expression of text.
    column: what the contract says of the column.
#}
{% macro typed_value(text, column) -%}
    {%- set type = column.type -%}
    {%- set keeps_blank = column.required or column.blank == 'keep' -%}
    {%- if type == 'number' -%} {{ parse_number(text) }}
    {%- elif type.startswith('decimal(') -%} {{ parse_decimal(trimmed(text), type) }}
    {%- elif type == 'timestamp' -%} {{ parse_timestamp(text, 'settings.timezone') }}
    {%- elif type == 'json' and keeps_blank -%} {{ json_plain(text) }}
    {%- elif type == 'json' -%} {{ _unless_blank(json_plain(text)) }}
    {%- elif type == 'integer' -%}
    case when {{ matches(trimmed(text), '^[+-]?[0-9]+$') }}
        then try_cast({{ trimmed(text) }} as bigint) end
    {%- elif type == 'boolean' -%}
    case lower({{ trimmed(text) }}) when 'true' then true when 'false' then false end
    {%- elif keeps_blank -%} {{ text }}
    {%- else -%} {{ _unless_blank(text) }}
    {%- endif -%}
{%- endmacro %}


{% macro _unless_blank(text) -%}
    case when not ({{ is_blank(text) }}) then {{ text }} end
{%- endmacro %}
