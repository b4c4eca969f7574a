{#
    A query for the loads of an entity that the run at work has completed.

    entity: the entity's name.
#}
{% macro last_loads(entity) -%}
select completed.load_id
from {{ source('ops', 'completed_loads') }} as completed
inner join ({{ current_run() }}) as run
    on run.run_id = completed.run_id
where completed.entity = '{{ entity }}'
    and completed.part = 'target'
{%- endmacro %}
