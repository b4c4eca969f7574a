{#
    Statements for the post-hook of the decisions: store the order that they were made in, where
    it is not stored yet or was changed.

    entity: the entity's name.
#}
{% macro remember_order(entity) %}
{%- set stored = stored_order(entity) -%}
{%- set present = present_order(entity) -%}
{%- if execute and stored != present -%}
delete from {{ source('ops', 'entity_orders') }} where entity = '{{ entity }}';
insert into {{ source('ops', 'entity_orders') }}
    (entity, key_column, event_time, prefer, delivery, sources)
values (
    '{{ entity }}',
    {{ sql_text(present.key_column) }},
    {{ sql_text(present.event_time) if present.event_time else 'null' }},
    {{ sql_text(present.prefer) }},
    {{ sql_text(present.delivery) }},
    {{ sql_text(present.sources | join(',')) }}
)
{%- endif -%}
{% endmacro %}
