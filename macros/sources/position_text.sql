{#
    The text of what a message has beside its record, for the adapters: a string without its
    quotes, anything else as JSON writes it. NULL where the message does not have it, where the
    record comes from a file, and, as with json_text, where it could not be read.

    name: topic, partition, offset, timestamp (milliseconds of the epoch), key, headers, or
          schema_id and key_schema_id behind the framing of a schema registry.

    Example: {{ position_text('key') }} as user_id
#}
{% macro position_text(name) %}
    {%- set names = [
        'topic', 'partition', 'offset', 'timestamp', 'key', 'headers', 'schema_id', 'key_schema_id'
    ] -%}
    {%- if name not in names -%}
        {{ exceptions.raise_compiler_error(
            "position_text: expected one of " ~ (names | join(', ')) ~ ", got '" ~ name ~ "'"
        ) }}
    {%- endif -%}
    case when problem is null then {{ json_member('position', name) }} end
{%- endmacro %}
