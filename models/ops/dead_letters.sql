with

letters as (

    {% for entity in var('sources') -%}
    select
        '{{ entity }}' as entity,
        letters.*
    from (
        {{ dead_letters_of(ref(entity ~ '_decisions')) | indent(8) }}
    ) as letters
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

repeats as (

    select
        other_record_id,
        max(decided_at) as last_seen
    from {{ ref('decisions') }}
    where outcome = 'duplicate'
    group by other_record_id

),

loads as (

    select * from {{ source('raw', 'loads') }}

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
    letters.last_contract_version as contract_version,
    letters.attempts,
    letters.status,
    letters.run_id,
    letters.decided_at as recorded_at,
    letters.decided_at as first_seen,
    greatest(letters.decided_at, coalesce(repeats.last_seen, letters.decided_at)) as last_seen
from letters
left join repeats
    on repeats.other_record_id = letters.record_id
left join loads
    on loads.load_id = letters.load_id
