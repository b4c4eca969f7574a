{#
    A query for the keys whose row in the target is not the greatest of the applied records, or that
    have a row although the greatest is a deletion, or more than one. It reads all decisions and the
    whole target.

    entity: the entity's name.
#}
{% macro not_the_greatest(entity) %}
{%- set contract = contract(entity) -%}
select
    coalesce(expected.record_key, found.record_key) as record_key,
    expected.record_id as expected_record_id,
    found.record_id as found_record_id,
    found.rows_of_key
from (
    select
        record_key,
        key_hash,
        record_id
    from (
        select
            record_key,
            key_hash,
            record_id,
            is_deletion,
            row_number() over (
                partition by key_hash, record_key
                order by {{ greatest_first(contract, 'decisions') }}
            ) as recency
        from {{ last_decisions(
            ref(entity ~ '_decisions'),
            [
                'source', 'record_key', 'key_hash', 'record_id', 'event_time', 'arrived_as',
                'is_deletion', 'outcome',
            ],
            alias='decisions',
        ) | indent(8) }}
        where outcome = 'applied'
    ) as ranked
    where recency = 1
        and not is_deletion
) as expected
full outer join (
    select
        {{ contract.key }} as record_key,
        key_hash,
        count(*) as rows_of_key,
        max(record_id) as record_id
    from {{ ref(entity) }}
    group by
        {{ contract.key }},
        key_hash
) as found
    on found.key_hash = expected.key_hash
    and found.record_key = expected.record_key
where expected.record_id is distinct from found.record_id
    or found.rows_of_key > 1
{% endmacro %}
