{#- Column by column: an entity whose table has others than these takes nobody with it. -#}
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
    content_hash,
    rejection_hash,
    outcome,
    other_record_id,
    reasons,
    error,
    explanation,
    is_dead_letter,
    record,
    is_tie,
    is_validated,
    freshness,
    contract_version,
    run_id,
    decided_at
from {{ ref(entity ~ '_decisions') }}
{{ 'union all' if not loop.last }}
{% endfor %}
