with

decisions as (

    select * from {{ ref('decisions') }}

),

letters as (

    select * from decisions
    where is_letter

),

attempts as (

    select
        record_id,
        max(attempt) as attempts,
        max_by(outcome, attempt) as last_outcome,
        max_by(reasons, attempt) as last_reasons,
        max_by(error, attempt) as last_error,
        max_by(explanation, attempt) as last_explanation,
        max_by(contract_version, attempt) as last_contract_version
    from decisions
    where record_id in (select record_id from letters)
    group by record_id

),

repeats as (

    select
        rival_id,
        max(decided_at) as last_seen
    from decisions
    where outcome = 'duplicate'
    group by rival_id

),

discards as (

    select
        record_id,
        max(discarded_at) as discarded_at
    from {{ source('ops', 'discards') }}
    group by record_id

),

loads as (

    select * from {{ source('raw', 'loads') }}

),

explained as (

    select
        letters.entity,
        letters.source,
        loads.file,
        letters.load_id,
        letters.row_number,
        letters.record_id,
        letters.record_key,
        letters.record,
        case
            when letters.outcome = 'late' then split('late', ',')
            else coalesce(attempts.last_reasons, letters.reasons)
        end as reasons,
        case
            when letters.outcome = 'late' then 'late'
            else coalesce(attempts.last_error, letters.error)
        end as error,
        coalesce(attempts.last_explanation, letters.explanation) as explanation,
        attempts.last_outcome,
        letters.content_hash,
        attempts.last_contract_version as contract_version,
        attempts.attempts,
        case
            when discards.record_id is not null then 'discarded'
            when attempts.last_outcome in ('rejected', 'late') then 'open'
            else 'resolved'
        end as status,
        letters.run_id,
        letters.decided_at as recorded_at,
        letters.decided_at as first_seen,
        greatest(letters.decided_at, coalesce(repeats.last_seen, letters.decided_at)) as last_seen
    from letters
    inner join attempts
        on attempts.record_id = letters.record_id
    left join repeats
        on repeats.rival_id = letters.record_id
    left join discards
        on discards.record_id = letters.record_id
    left join loads
        on loads.load_id = letters.load_id

)

select
    entity,
    source,
    file,
    load_id,
    row_number,
    record_id,
    record_key,
    record,
    reasons,
    error,
    explanation,
    last_outcome,
    content_hash,
    contract_version,
    attempts,
    status,
    run_id,
    recorded_at,
    first_seen,
    last_seen
from explained
