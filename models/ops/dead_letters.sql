with

letters as (

    {% for entity in var('sources') -%}
    select
        '{{ entity }}' as entity,
        letters.*
    from (
        {{ dead_letters_of(entity, ref(entity ~ '_decisions')) | indent(8) }}
    ) as letters
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

loads as (

    select * from {{ source('raw', 'loads') }}

),

contract_versions as (

    select
        rule_set,
        max(contract_version) as contract_version
    from {{ source('ops', 'rule_sets') }}
    group by rule_set

)

select
    letters.entity,
    letters.source,
    loads.file,
    letters.load_id,
    letters.row_number,
    letters.record_id,
    letters.record_key,
    letters.record,
    letters.reasons,
    letters.error,
    letters.explanation,
    letters.last_outcome,
    letters.content_hash,
    letters.text_hash,
    letters.rule_set,
    contract_versions.contract_version,
    letters.attempts,
    letters.status,
    letters.resolved_by,
    letters.run_id,
    letters.recorded_at,
    letters.recorded_at as first_seen,
    greatest(letters.recorded_at, letters.last_seen) as last_seen
from letters
left join loads
    on loads.load_id = letters.load_id
left join contract_versions
    on contract_versions.rule_set = letters.rule_set
