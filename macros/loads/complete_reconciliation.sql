{#
    Post-hook of a reconciliation: notes which loads it has taken in,
    and which sources it compares. While the stage is off, their
    notes are removed, so that it catches up when it is on again.

    A reconciliation is the last of its entity's chain and completes the loads, so it must not be
    built where the target failed. It reads nothing of the target: this hook makes it wait.

    entity: the entity's name.
#}
{% macro complete_reconciliation(entity) %}
{%- do ref(entity) -%}
{%- if reconciles(entity) -%}
insert into {{ source('ops', 'completed_loads') }} (entity, part, load_id, run_id, completed_at)
select
    '{{ entity }}' as entity,
    'reconciliation' as part,
    finished.load_id,
    run.run_id,
    {{ utc_now() }} as completed_at
from {{ source('ops', 'completed_loads') }} as finished
left join {{ source('ops', 'completed_loads') }} as reconciled
    on reconciled.entity = finished.entity
    and reconciled.part = 'reconciliation'
    and reconciled.load_id = finished.load_id
cross join ({{ current_run() }}) as run
where finished.entity = '{{ entity }}'
    and finished.part = 'target'
    and reconciled.load_id is null;

{{ update_where_other(
    source('ops', 'entity_orders'),
    'compared',
    compared_sources(entity),
    "entity = '" ~ entity ~ "'",
) }}
{%- else -%}
{{ delete_where_in(
    source('ops', 'completed_loads'),
    "entity = '" ~ entity ~ "' and part = 'reconciliation'",
    'load_id',
    'select load_id from ' ~ ref('int_' ~ entity ~ '__checked'),
) }}
{%- endif -%}
{% endmacro %}
