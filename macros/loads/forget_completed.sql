{#
    Post-hook of the decisions, in the transaction that replaces them under --full-refresh: from
    now on no load of the entity is finished, so a rebuild that is stopped is completed by the
    next run.

    entity: the entity's name.
#}
{% macro forget_completed(entity) %}
{%- if rebuilding() -%}
delete from {{ source('ops', 'completed_loads') }} where entity = '{{ entity }}'
{%- endif -%}
{% endmacro %}
