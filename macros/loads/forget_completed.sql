{#
    Statement for the post-hook of the decisions, in the transaction that replaces them under
    --full-refresh: removes the notes of all completed loads. If the rebuild is stopped, the next
    run completes it.

    entity: the entity's name.
#}
{% macro forget_completed(entity) %}
{%- if rebuilding() -%}
delete from {{ source('ops', 'completed_loads') }} where entity = '{{ entity }}'
{%- endif -%}
{% endmacro %}
