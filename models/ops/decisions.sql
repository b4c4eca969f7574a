{#- Column by column: an entity whose table has others than these takes nobody with it. -#}
with

-- grouped, so that the engine sees that a decision meets one of them at most, and leaves the join
-- out where nobody asks for the version
contract_versions as (

    select
        rule_set,
        max(contract_version) as contract_version
    from {{ source('ops', 'rule_sets') }}
    group by rule_set

),

decided as (

    {% for entity in var('sources') -%}
    select
        '{{ entity }}' as entity,
        source,
        load_id,
        row_number,
        record_id,
        attempt,
        record_key,
        key_hash,
        event_time,
        arrived_as,
        content_hash,
        text_hash,
        rule_set,
        outcome,
        other_record_id,
        is_deletion,
        reasons,
        error,
        explanation,
        is_dead_letter,
        record,
        is_tie,
        is_ambiguous_time,
        is_validated,
        freshness,
        run_id,
        decided_at
    from {{ ref(entity ~ '_decisions') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    decided.entity,
    decided.source,
    decided.load_id,
    decided.row_number,
    decided.record_id,
    decided.attempt,
    decided.record_key,
    decided.key_hash,
    decided.event_time,
    decided.arrived_as,
    decided.content_hash,
    decided.text_hash,
    decided.rule_set,
    contract_versions.contract_version,
    decided.outcome,
    decided.other_record_id,
    decided.is_deletion,
    decided.reasons,
    decided.error,
    decided.explanation,
    decided.is_dead_letter,
    decided.record,
    decided.is_tie,
    decided.is_ambiguous_time,
    decided.is_validated,
    decided.freshness,
    decided.run_id,
    decided.decided_at
from decided
left join contract_versions
    on contract_versions.rule_set = decided.rule_set
