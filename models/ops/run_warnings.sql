{%- set least_quality = var('min_quality', 0.99) -%}
with

records as (

    select * from {{ ref('run_report') }}

),

states as (

    select * from {{ ref('entity_states') }}

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
                then concat(source, ': every record was rejected: see ops.dead_letters')
            else
                concat(
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
        concat(
            entity, ': ', dead_letters_of_another_contract, ' open dead letters were decided ',
            'under another contract: `hub redrive --entity ', entity, '` decides them again'
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
        concat(
            log.source, ': watermark ', log.action,
            ' (found ',
            case when log.found is null then 'NULL' else concat('''', log.found, '''') end,
            ', now ', log.stored, ')'
        ) as warning
    from {{ source('ops', 'watermark_log') }} as log
    left join {{ source('raw', 'sources') }} as sources
        on sources.source = log.source
    where log.action <> 'kept'

),

-- of the loads that the run took up, whichever run landed them
of_drift as (

    select distinct
        completed.run_id,
        4 as kind_number,
        'drift' as kind,
        completed.entity,
        drift.source,
        drift.load_id,
        concat(
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
select * from of_drift
