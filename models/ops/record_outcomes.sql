with

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
        decisions.is_deletion,
        decisions.reasons,
        decisions.error,
        decisions.explanation,
        decisions.is_tie,
        decisions.is_ambiguous_time,
        decisions.is_validated,
        decisions.freshness,
        decisions.event_time,
        decisions.content_hash,
        decisions.rule_set,
        decisions.contract_version,
        decisions.run_id,
        decisions.decided_at,
        loads.landed_at
    from {{ last_decisions(
        ref('decisions'),
        [
            'entity', 'source', 'load_id', 'row_number', 'record_id', 'attempt', 'record_key',
            'outcome', 'other_record_id', 'is_deletion', 'reasons', 'error', 'explanation',
            'is_tie', 'is_ambiguous_time', 'is_validated', 'freshness', 'event_time',
            'content_hash', 'rule_set', 'contract_version', 'run_id', 'decided_at',
        ],
        'decided.row_number is not null',
        'decisions',
    ) | indent(4) }}
    left join loads
        on loads.load_id = decisions.load_id

)

select * from current_outcomes
