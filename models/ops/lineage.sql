with

decisions as (

    select * from {{ ref('decisions') }}

),

loads as (

    select * from {{ source('raw', 'loads') }}

),

-- which steps a record went through follows from its outcome
steps as (

    {% for outcome, step_number, step in [
        ('applied', 1, 'stage'),
        ('applied', 2, 'load'),
        ('superseded', 1, 'stage'),
        ('superseded', 2, 'load'),
        ('outdated', 1, 'stage'),
        ('outdated', 2, 'guard'),
        ('rejected', 1, 'reject'),
        ('late', 1, 'late'),
        ('duplicate', 1, 'duplicate'),
    ] -%}
    select
        '{{ outcome }}' as outcome,
        {{ step_number }} as step_number,
        '{{ step }}' as step
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

taken as (

    select
        decisions.*,
        steps.step_number,
        steps.step
    from decisions
    inner join steps
        on steps.outcome = decisions.outcome
    union all
    select
        decisions.*,
        0 as step_number,
        'redrive' as step
    from decisions
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
            when taken.step = 'redrive' then concat('decided again, attempt ', taken.attempt)
            when taken.step = 'stage' then concat('passed contract ', taken.contract_version)
            when taken.step = 'reject' then taken.explanation
            when taken.step = 'late' then 'at or before the watermark of its source'
            when taken.step = 'duplicate' then concat('repeats record ', taken.rival_id)
            when taken.step = 'guard' then concat('not newer than record ', taken.rival_id)
            when taken.outcome = 'superseded'
                then concat('overtaken in its own run by record ', taken.rival_id)
            else 'became the row of its key'
        end as detail,
        taken.run_id,
        taken.decided_at as recorded_at
    from taken
    left join loads
        on loads.load_id = taken.load_id

)

select * from described
