with

loads as (

    select * from {{ source('raw', 'loads') }}

),

-- which steps a record went through follows from its outcome
steps as (

    {{ lineage_steps() | indent(4) }}

),

redrives as (

    select * from {{ source('ops', 'redrive_requests') }}

),

taken as (

    select
        decisions.*,
        steps.step_number,
        steps.step
    from {{ ref('decisions') }} as decisions
    inner join steps
        on steps.outcome = decisions.outcome
        and steps.is_deletion = decisions.is_deletion
    union all
    select
        decisions.*,
        0 as step_number,
        {{ step_before('redrives') }} as step
    from {{ ref('decisions') }} as decisions
    left join redrives
        on redrives.entity = decisions.entity
        and {{ was_redriven('decisions', 'redrives') | indent(8) }}
    where decisions.attempt > 1

),

described as (

    select
        taken.entity,
        taken.source,
        loads.file,
        taken.load_id,
        taken.row_number,
        taken.record_id,
        taken.record_key,
        taken.attempt,
        taken.step_number,
        taken.step,
        case
            when taken.step in ('redrive', 'reprocess')
                then concat_ws('', 'decided again, attempt ', taken.attempt)
            when taken.step = 'stage' and taken.row_number is null
                then 'the full delivery lacks its key'
            when taken.step = 'stage' then concat_ws('', 'passed contract ', taken.contract_version)
            when taken.step = 'reject' then taken.explanation
            when taken.step = 'late' then 'at or before the watermark of its source'
            when taken.step = 'duplicate'
                then concat_ws('', 'repeats record ', taken.other_record_id)
            when taken.step = 'guard'
                then concat_ws('', 'not newer than record ', taken.other_record_id)
            when taken.outcome = 'superseded'
                then concat_ws('', 'overtaken in its own run by record ', taken.other_record_id)
            when taken.step = 'delete' and taken.other_record_id is not null
                then concat_ws('', 'deleted its key, which record ', taken.other_record_id, ' held')
            when taken.step = 'delete' then 'deleted its key, which held nothing'
            when taken.other_record_id is not null
                then concat_ws(
                        '', 'became the row of its key instead of record ', taken.other_record_id
                    )
            else 'became the row of its key'
        end as detail,
        taken.run_id,
        taken.decided_at as recorded_at
    from taken
    left join loads
        on loads.load_id = taken.load_id

)

select * from described
