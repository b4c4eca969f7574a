{#
    The records applied in loads not finished yet, or decided again, each the one that won its key:
    what a target takes in. Deletions are none of them. It gives the columns of int_<entity>__checked, the run that applied the record
    (run_id, decided_at) and when it landed (landed_at).

    entity: the entity's name.

    Example: with applied as ({{ applied_records('events') }}) select record_key as key from applied
#}
{% macro applied_records(entity) %}
{%- do require_whole_chain(entity) -%}
{%- do _require_columns(contract(entity)) -%}
{%- if not execute and keeps_history(entity) -%}
    {#- the projection writes there what it displaces, so dbt must build it before -#}
    {%- do ref('int_' ~ entity ~ '__ended') -%}
{%- endif -%}
{%- set checked = ref('int_' ~ entity ~ '__checked') -%}
{%- set decisions = ref(entity ~ '_decisions') -%}
{%- set in_force -%}
(
    select
        record_id,
        attempt,
        other_record_id
    from {{ last_decisions(
        decisions,
        ['record_id', 'attempt', 'other_record_id', 'outcome'],
        'decided.load_id in (select load_id from ' ~ checked ~ ')',
    ) | indent(4) }}
    where outcome = 'applied'
)
{%- endset -%}
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
        record_id,
        attempt
    from {{ decisions }}
    where is_deletion
        and load_id in (select load_id from {{ checked }})
    union all
    select
        displaced.record_id,
        displaced.attempt
    from {{ in_force | indent(4) }} as displaced
    inner join {{ in_force | indent(4) }} as displacing
        on displacing.other_record_id = displaced.record_id

),

-- decided once, and again since
replaced as (

    select distinct record_id
    from {{ decisions }}
    where attempt > 1
        and load_id in (select load_id from {{ checked }})

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
    left join replaced
        on replaced.record_id = checked.record_id
    where checked.attempt = 1
        and not_in_force.record_id is null
        and replaced.record_id is null
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

)

select
    in_force.*,
    loads.landed_at
from in_force
inner join loads
    on loads.load_id = in_force.load_id
{%- endmacro %}


{#- A target that lacks a column of its contract would drop its values without a word. -#}
{% macro _require_columns(contract) %}
    {% set missing = contract.columns.keys() | reject('in', model.columns) | list %}
    {#- a unit test may pin a contract of its own -#}
    {% if execute and missing and model.resource_type == 'model' %}
        {{ exceptions.raise_compiler_error(
            model.name ~ ' has no column ' ~ missing | join(', ') ~ ', which the contract of '
            ~ contract.entity ~ ' names. Run `make contracts`'
        ) }}
    {% endif %}
{% endmacro %}
