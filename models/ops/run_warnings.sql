{%- set least_quality = var('min_quality', 0.99) -%}
with

records as (

    select * from {{ ref('run_report') }}

),

states as (

    select * from {{ ref('entity_states') }}

),

-- one row per source whose rows in the target are not of the present rules
older_rows as (

    select
        run_id,
        entity,
        source,
        measure = 'removed_source' as is_of_removed_source,
        amount
    from {{ source('ops', 'run_counts') }}
    where measure in ('older_rules', 'removed_source')
        and amount > 0

),

of_quality as (

    select
        run_id,
        1 as kind_number,
        'quality' as kind,
        entity,
        source,
        cast(null as bigint) as load_id,
        case
            when rejected = records
                then concat_ws('', source, ': every record was rejected: see ops.dead_letters')
            else
                concat_ws(
                    '',
                    source, ': quality ', cast(quality * 100 as decimal(5, 2)), '% is under ',
                    cast({{ least_quality }} * 100 as decimal(5, 0)), '%: see ops.dead_letters'
                )
        end as warning
    from records
    where records > 0
        and (rejected = records or quality < {{ least_quality }})

),

of_contract as (

    select
        run_id,
        2 as kind_number,
        'contract' as kind,
        entity,
        cast(null as string) as source,
        cast(null as bigint) as load_id,
        concat_ws(
            '',
            entity, ': ', dead_letters_of_another_contract, ' open dead letters were decided ',
            'under another contract or adapter: `hub redrive --entity ', entity,
            '` decides them again'
        ) as warning
    from states
    where dead_letters_of_another_contract > 0

),

of_watermark as (

    select
        log.run_id,
        3 as kind_number,
        'watermark' as kind,
        sources.entity,
        log.source,
        cast(null as bigint) as load_id,
        concat_ws(
            '',
            log.source, ': watermark ', log.action,
            ' (found ',
            case when log.found is null then 'NULL' else concat_ws('', '''', log.found, '''') end,
            ', now ', log.stored, ')'
        ) as warning
    from {{ source('ops', 'watermark_log') }} as log
    left join {{ source('raw', 'sources') }} as sources
        on sources.source = log.source
    where log.action <> 'kept'

),

of_late_records as (

    select
        run_id,
        4 as kind_number,
        'late' as kind,
        entity,
        source,
        cast(null as bigint) as load_id,
        concat_ws(
            '',
            source, ': ', late, ' records came too late: `hub reprocess --entity ', entity,
            '` takes them up after all'
        ) as warning
    from records
    where late > 0

),

of_ties as (

    select
        run_id,
        5 as kind_number,
        'tie' as kind,
        entity,
        source,
        cast(null as bigint) as load_id,
        concat_ws(
            '',
            source, ': ', ties, ' records have the key and the time of another with other ',
            'content: see is_tie in ops.record_outcomes'
        ) as warning
    from records
    where ties > 0

),

of_ambiguous_times as (

    select
        run_id,
        10 as kind_number,
        'ambiguous time' as kind,
        entity,
        source,
        cast(null as bigint) as load_id,
        concat_ws(
            '',
            source, ': ', ambiguous_times, ' records have a time that the clocks of their zone ',
            'showed twice, and no offset: the first is taken: see is_ambiguous_time in ',
            'ops.record_outcomes'
        ) as warning
    from records
    where ambiguous_times > 0

),

of_rules as (

    select
        run_id,
        6 as kind_number,
        'rules' as kind,
        entity,
        source,
        cast(null as bigint) as load_id,
        concat_ws(
            '',
            source, ': ', amount, ' rows of marts.', entity, ' were decided under older rules: ',
            '`hub reprocess --entity ', entity, '` decides them again'
        ) as warning
    from older_rows
    where not is_of_removed_source

),

of_removed_sources as (

    select
        run_id,
        7 as kind_number,
        'removed source' as kind,
        entity,
        source,
        cast(null as bigint) as load_id,
        concat_ws(
            '',
            source, ': ', amount, ' rows of marts.', entity, ' are of this source, which is ',
            'registered no more: `hub reprocess --entity ', entity, '` takes them out'
        ) as warning
    from older_rows
    where is_of_removed_source

),

deliveries as (

    select
        sources.entity,
        loads.source,
        loads.load_id,
        loads.file,
        loads.rows,
        loads.run_id
    from {{ source('raw', 'sources') }} as sources
    inner join {{ source('raw', 'loads') }} as loads
        on loads.source = sources.source
    where sources.delivery = 'full'
        and loads.status = 'landed'

),

-- a file without rows is in no build: it concerns the run that landed it
idle_deliveries as (

    select
        run_id,
        entity,
        source,
        load_id,
        concat_ws('', file, ': the full delivery is empty, so it deletes nothing') as warning
    from deliveries
    where rows = 0
    union all
    select distinct
        decisions.run_id,
        decisions.entity,
        decisions.source,
        decisions.load_id,
        concat_ws(
            '',
            deliveries.file, ': the full delivery has rows whose key cannot be read, so it ',
            'deletes nothing'
        ) as warning
    from deliveries
    inner join {{ decisions_of_full_deliveries() | indent(4) }} as decisions
        on decisions.load_id = deliveries.load_id
        and decisions.entity = deliveries.entity
    where {{ is_blank('decisions.record_key') }}

),

of_deliveries as (

    select
        run_id,
        8 as kind_number,
        'delivery' as kind,
        entity,
        source,
        load_id,
        warning
    from idle_deliveries

),

-- of the loads that the run took up, whichever run landed them
of_drift as (

    select distinct
        completed.run_id,
        9 as kind_number,
        'drift' as kind,
        completed.entity,
        drift.source,
        drift.load_id,
        concat_ws(
            '',
            drift.file, ': field ''', drift.field, ''' is ', drift.drift, ': see ops.schema_drift'
        ) as warning
    from {{ source('ops', 'completed_loads') }} as completed
    inner join {{ ref('schema_drift') }} as drift
        on drift.load_id = completed.load_id
    where completed.part = 'target'

)

select * from of_quality
union all
select * from of_contract
union all
select * from of_watermark
union all
select * from of_late_records
union all
select * from of_ties
union all
select * from of_ambiguous_times
union all
select * from of_rules
union all
select * from of_removed_sources
union all
select * from of_deliveries
union all
select * from of_drift
