{#
    The target rows of this run: per key the greatest of the records applied in loads not
    finished yet, with the identity of the record that won.

    entity: the entity's name.
#}
{% macro project_target(entity) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
with

checked as (

    select * from {{ ref('int_' ~ entity ~ '__checked') }}

),

decisions as (

    select * from {{ ref(entity ~ '_decisions') }}

),

loads as (

    select * from {{ source('raw', 'loads') }}

),

applied as (

    select
        checked.*,
        decisions.run_id,
        decisions.decided_at,
        loads.landed_at,
        {{ preference_rank(contract, 'checked') }} as preference
    from checked
    inner join decisions
        on decisions.record_id = checked.record_id
        and decisions.attempt = checked.attempt
    inner join loads
        on loads.load_id = checked.load_id
    where decisions.outcome = 'applied'
        and decisions.load_id in (select load_id from checked)

),

-- one key can have been applied twice here when an earlier run stopped before this model
ranked as (

    select
        applied.*,
        row_number() over (
            partition by key_hash, record_key
            order by preference,
            {%- if contract.event_time %} event_time desc, content_hash desc,{% endif %}
            record_id desc
        ) as recency
    from applied

)

select
    {{ contract.columns.keys() | join(',\n    ') }},
    freshness,
    landed_at as ingested_at,
    {%- if 'updated_at' not in contract.columns %}
    decided_at as updated_at,
    {%- endif %}
    source,
    load_id,
    row_number,
    record_id,
    key_hash,
    run_id
from ranked
where recency = 1
{% endmacro %}
