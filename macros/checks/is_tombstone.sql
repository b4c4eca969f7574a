{#
    A SQL condition: the record is a message without a value, by which its source deletes the key
    that the message has. `false` where no source does so.

    entity:  the entity's name.
    unioned: the relation of the staged records.
#}
{% macro is_tombstone(entity, unioned) -%}
    {%- set names = tombstone_sources(entity) -%}
    {%- if names -%}
    coalesce({{ unioned }}.problem = 'tombstone', false)
    and {{ unioned }}.source in ('{{ names | join("', '") }}')
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}
