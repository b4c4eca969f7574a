{#
    The target rows of this run: the records applied in loads not finished yet, with the identity
    of the record that won.

    entity: the entity's name.
#}
{% macro project_target(entity) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set checked = ref('int_' ~ entity ~ '__checked') -%}
{%- set decisions = ref(entity ~ '_decisions') -%}
with

-- all that a load brought was decided at once
decided_loads as (

    select
        load_id,
        min(run_id) as run_id,
        min(decided_at) as decided_at
    from {{ decisions }}
    where attempt = 1
        and load_id in (select load_id from {{ checked }})
    group by load_id

),

-- few, where those that were applied are most; and what was applied by a run that stopped
-- before this model, and displaced since
not_in_force as (

    select
        record_id,
        attempt
    from {{ decisions }}
    where outcome <> 'applied'
        and load_id in (select load_id from {{ checked }})
    union all
    select
        displaced.record_id,
        displaced.attempt
    from {{ decisions }} as displaced
    inner join {{ decisions }} as displacing
        on displacing.other_record_id = displaced.record_id
        and displacing.outcome = 'applied'
        and displacing.load_id in (select load_id from {{ checked }})
    where displaced.outcome = 'applied'
        and displaced.load_id in (select load_id from {{ checked }})

),

in_force as (

    select
        checked.*,
        decided_loads.run_id,
        decided_loads.decided_at
    from {{ checked }} as checked
    inner join decided_loads
        on decided_loads.load_id = checked.load_id
    left join not_in_force
        on not_in_force.record_id = checked.record_id
        and not_in_force.attempt = checked.attempt
    where checked.attempt = 1
        and not_in_force.record_id is null
    union all
    -- a redrive that changed nothing has no decision
    select
        checked.*,
        redriven.run_id,
        redriven.decided_at
    from {{ checked }} as checked
    inner join {{ decisions }} as redriven
        on redriven.record_id = checked.record_id
        and redriven.attempt = checked.attempt
        and redriven.outcome = 'applied'
    left join not_in_force
        on not_in_force.record_id = checked.record_id
        and not_in_force.attempt = checked.attempt
    where checked.attempt > 1
        and not_in_force.record_id is null

),

loads as (

    select * from {{ source('raw', 'loads') }}

),

projected as (

    select
        in_force.*,
        loads.landed_at
    from in_force
    inner join loads
        on loads.load_id = in_force.load_id

)

select
    {%- for name in contract.columns %}
    {{ {contract.key: 'record_key as ', contract.event_time: 'event_time as '}.get(name, '') ~ name }},
    {%- endfor %}
    freshness,
    landed_at as ingested_at,
    decided_at as applied_at,
    source,
    load_id,
    row_number,
    record_id,
    key_hash,
    run_id
from projected
{% endmacro %}
