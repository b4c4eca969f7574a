{#
    Statements that store in ops.run_changes what a projection did to a target, after it has: how many
    keys are new, changed, as they were, or gone, and of which event times the rows are that came or
    went. Reads the rows that rows_before kept, and drops them.

    A key has changed if one of the contract's columns has, as for a history; who said it, and when,
    does not count. Rows that a killed run had brought already are unchanged when they are brought
    again.

    entity: the entity's name.
    target: its target.
#}
{% macro count_changed_keys(entity, target) %}
{%- set contract = contract(entity) -%}
{%- set time = contract.event_time -%}
insert into {{ source('ops', 'run_changes') }} (
    run_id, entity, new_keys, changed_keys, unchanged_keys, deleted_keys, first_event, last_event
)
with

-- what was projected is of records that were checked, and nothing else of them is in the target
rows_now as (

    select key_hash, {{ contract.columns.keys() | join(', ') }}
    from {{ target }}
    where record_id in (select record_id from {{ ref('int_' ~ entity ~ '__checked') }})

),

compared as (

    select
        case
            when before.key_hash is null then 'new'
            when rows_now.key_hash is null then 'deleted'
            when {% for column in contract.columns -%}
                rows_now.{{ column }} is distinct from before.{{ column }}
                {{- ' or ' if not loop.last }}
            {%- endfor %} then 'changed'
            else 'unchanged'
        end as change,
        {% for side in ['before', 'rows_now'] -%}
        {{ side ~ '.' ~ time if time else 'cast(null as timestamp)' }} as event_{{ side }},
        {% endfor -%}
        1 as keys
    from {{ entity }}_before as before
    full outer join rows_now
        on rows_now.key_hash = before.key_hash

),

counted as (

    select
        {% for change in ['new', 'changed', 'unchanged', 'deleted'] -%}
        coalesce(sum(case when change = '{{ change }}' then keys end), 0) as {{ change }}_keys,
        {% endfor -%}
        min(case when change <> 'unchanged' then least(event_before, event_rows_now) end)
            as first_event,
        max(case when change <> 'unchanged' then greatest(event_before, event_rows_now) end)
            as last_event
    from compared

)

select
    run.run_id,
    '{{ entity }}',
    counted.new_keys,
    counted.changed_keys,
    counted.unchanged_keys,
    counted.deleted_keys,
    counted.first_event,
    counted.last_event
from counted
cross join ({{ current_run() }}) as run
-- where dbt takes over from its plan, what the run changed is changed already
where run.run_id not in (
    select run_id from {{ source('ops', 'run_changes') }} where entity = '{{ entity }}'
);
drop table {{ entity }}_before;
{% endmacro %}
