with

later_attempts as (

    select
        record_id,
        max(attempt) as attempt
    from {{ ref('decisions') }}
    where attempt > 1
    group by record_id

),

loads as (

    select * from {{ source('raw', 'loads') }}

),

current_outcomes as (

    select
        decisions.entity,
        decisions.source,
        loads.file,
        decisions.load_id,
        decisions.row_number,
        decisions.record_id,
        decisions.attempt,
        decisions.record_key,
        decisions.outcome,
        decisions.other_record_id,
        decisions.reasons,
        decisions.error,
        decisions.explanation,
        decisions.is_tie,
        decisions.is_validated,
        decisions.freshness,
        decisions.event_time,
        decisions.content_hash,
        decisions.contract_version,
        decisions.run_id,
        decisions.decided_at,
        loads.landed_at
    from {{ ref('decisions') }} as decisions
    left join later_attempts
        on later_attempts.record_id = decisions.record_id
        and later_attempts.attempt > decisions.attempt
    left join loads
        on loads.load_id = decisions.load_id
    where later_attempts.record_id is null

)

select * from current_outcomes
