{#
    Statements for the post-hook of the decisions: store which columns were sensitive when they were
    made, where that is not stored yet or was changed.

    entity: the entity's name.
#}
{% macro remember_sensitive_columns(entity) %}
{%- set present = sensitive_columns(contract(entity)) -%}
{%- if execute and stored_sensitive_columns(entity) != present -%}
delete from {{ source('ops', 'sensitive_columns') }} where entity = '{{ entity }}';
insert into {{ source('ops', 'sensitive_columns') }} (entity, columns)
values ('{{ entity }}', {{ sql_text(present) }})
{%- endif -%}
{% endmacro %}
