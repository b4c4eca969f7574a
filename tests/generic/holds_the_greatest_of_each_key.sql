{#
    The target is a projection of the decisions: one row for each key ever applied, and it is the
    greatest of the records applied. One row per key that is wrong.

    entity: the entity of the target.
#}
{% test holds_the_greatest_of_each_key(model, entity) %}
{%- set contract = contract(entity) -%}
with

applied as (

    select
        decisions.record_key,
        decisions.key_hash,
        decisions.record_id,
        row_number() over (
            partition by decisions.key_hash, decisions.record_key
            order by {{ preference_rank(contract, 'decisions') }},
            {%- if contract.event_time %}
            decisions.event_time desc, decisions.content_hash desc,
            {%- endif %}
            decisions.record_id desc
        ) as recency
    from {{ ref(entity ~ '_decisions') }} as decisions
    where decisions.outcome = 'applied'

),

expected as (

    select * from applied
    where recency = 1

),

target_rows as (

    select
        {{ contract.key }} as record_key,
        key_hash,
        count(*) as rows_of_key,
        max(record_id) as record_id
    from {{ model }}
    group by
        {{ contract.key }},
        key_hash

)

select
    coalesce(expected.record_key, target_rows.record_key) as record_key,
    expected.record_id as expected_record_id,
    target_rows.record_id as found_record_id,
    target_rows.rows_of_key
from expected
full outer join target_rows
    on target_rows.key_hash = expected.key_hash
    and target_rows.record_key = expected.record_key
where expected.record_id is distinct from target_rows.record_id
    or target_rows.rows_of_key > 1
{% endtest %}
