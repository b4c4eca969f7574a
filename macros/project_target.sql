{#
    The target rows of this run: the records applied in loads not finished yet, with the identity
    of the record that won.

    entity: the entity's name.
#}
{% macro project_target(entity) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
with

checked as (

    select * from {{ ref('int_' ~ entity ~ '__checked') }}

),

applied as (

    select
        record_id,
        attempt,
        rival_id,
        run_id,
        decided_at
    from {{ ref(entity ~ '_decisions') }}
    where outcome = 'applied'
        and load_id in (select load_id from checked)

),

-- applied by a run that stopped before this model, and overtaken since
overtaken as (

    select rival_id as record_id
    from applied
    where rival_id is not null

),

loads as (

    select * from {{ source('raw', 'loads') }}

),

projected as (

    select
        checked.*,
        applied.run_id,
        applied.decided_at,
        loads.landed_at
    from checked
    inner join applied
        on applied.record_id = checked.record_id
        and applied.attempt = checked.attempt
    inner join loads
        on loads.load_id = checked.load_id
    left join overtaken
        on overtaken.record_id = checked.record_id
    where overtaken.record_id is null

)

select
    {%- for name in contract.columns %}
    {{ {contract.key: 'record_key as ', contract.event_time: 'event_time as '}.get(name, '') ~ name }},
    {%- endfor %}
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
from projected
{% endmacro %}
