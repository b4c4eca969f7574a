{#-
    A question about a few records must stay quick whatever the history: a filter on key, file or
    record reaches the decisions of each entity. So nothing is numbered or grouped over all records,
    and views are not imported as CTEs, of which the engine would keep all rows. Nor is the text of
    the records here: the engine would read it for many more than are asked for.
-#}
with

loads as (

    select * from {{ source('raw', 'loads') }}

),

-- what takes a key over names the record that held it
displaced as (

    select displacing.other_record_id as record_id
    from {{ last_decisions(
        ref('decisions'), ['outcome', 'other_record_id'], alias='displacing'
    ) | indent(4) }}
    where displacing.outcome = 'applied'
        and displacing.other_record_id is not null

),

-- of the few records that were decided more than once
later_attempts as (

    select
        record_id,
        max(attempt) as attempt
    from {{ ref('decisions') }}
    where attempt > 1
    group by record_id

),

placed as (

    select
        decisions.*,
        loads.file,
        loads.landed_at,
        other_loads.file as other_file,
        -- a deletion that a full delivery implies has a number after those of the file's rows
        case
            when decisions.other_record_id % {{ rows_per_load() }} <= other_loads.rows
                then decisions.other_record_id % {{ rows_per_load() }}
        end as other_row_number,
        coalesce(
            decisions.outcome = 'applied'
            and not decisions.is_deletion
            and displaced.record_id is null
            and decisions.attempt >= coalesce(later_attempts.attempt, 1),
            false
        ) as is_current
    from {{ ref('decisions') }} as decisions
    left join loads
        on loads.load_id = decisions.load_id
    left join loads as other_loads
        on other_loads.load_id = {{ load_of('decisions.other_record_id') }}
    left join displaced
        on displaced.record_id = decisions.record_id
    left join later_attempts
        on later_attempts.record_id = decisions.record_id

),

worded as (

    select
        named.*,
        case
            when outcome = 'applied' and is_deletion and other_record_id is null
                then 'it deleted its key, which held nothing'
            when outcome = 'applied' and is_deletion
                then concat_ws('', 'it deleted its key, which had been held by ', other_record)
            when outcome = 'applied' and other_record_id is null
                then 'it became the row of its key'
            when outcome = 'applied'
                then concat_ws('', 'it became the row of its key, instead of ', other_record)
            when outcome = 'superseded'
                then concat_ws(
                        '', 'newer than the target, but overtaken in its run by ', other_record
                    )
            when outcome = 'outdated' then concat_ws('', 'not newer than ', other_record)
            when outcome = 'duplicate' then concat_ws('', 'it repeats ', other_record)
            when outcome = 'late' then 'at or before the watermark of its source'
            else explanation
        end as sentence
    from (
        select
            placed.*,
            concat_ws(
                '',
                'record ', other_record_id, ' (',
                case
                    when other_file is null then 'place unknown'
                    when other_row_number is null
                        then concat_ws('', other_file, ', a full delivery that lacks the key')
                    else concat_ws('', other_file, ':', other_row_number)
                end,
                ')'
            ) as other_record
        from placed
    ) as named

),

explained as (

    select
        entity,
        source,
        file,
        load_id,
        row_number,
        record_id,
        record_key,
        attempt,
        outcome,
        is_deletion,
        concat_ws(
            '',
            case when row_number is null then 'the full delivery lacks its key: ' else '' end,
            sentence,
            case when arrived_as is not null then '; sent before as record ' else '' end,
            coalesce(cast(arrived_as as string), ''),
            case when arrived_as is not null then ' and decided under other rules' else '' end
        ) as explanation,
        reasons,
        other_record_id,
        other_file,
        other_row_number,
        arrived_as,
        is_current,
        event_time,
        content_hash,
        rule_set,
        contract_version,
        run_id,
        decided_at,
        landed_at
    from worded

),

-- what landed and no build has decided
undecided as (

    select
        unfinished.entity,
        unfinished.source,
        unfinished.file,
        unfinished.load_id,
        raw_records.row_number,
        loads.landed_at,
        raw_records.position
    from {{ ref('unfinished_loads') }} as unfinished
    inner join loads
        on loads.load_id = unfinished.load_id
    inner join {{ ref('raw_records') }} as raw_records
        on raw_records.source = unfinished.source
        and raw_records.load_id = unfinished.load_id
    left join {{ ref('decisions') }} as decisions
        on decisions.load_id = raw_records.load_id
        and decisions.row_number = raw_records.row_number
        and decisions.entity = unfinished.entity
    where decisions.record_id is null

)

select
    explained.*,
    raw_records.position
from explained
left join {{ ref('raw_records') }} as raw_records
    on raw_records.source = explained.source
    and raw_records.load_id = explained.load_id
    and raw_records.row_number = explained.row_number
union all
select
    entity,
    source,
    file,
    load_id,
    row_number,
    cast(null as bigint) as record_id,
    cast(null as string) as record_key,
    cast(null as bigint) as attempt,
    cast(null as string) as outcome,
    cast(null as boolean) as is_deletion,
    'not decided yet: the next build does' as explanation,
    split(cast(null as string), ',') as reasons,
    cast(null as bigint) as other_record_id,
    cast(null as string) as other_file,
    cast(null as bigint) as other_row_number,
    cast(null as bigint) as arrived_as,
    false as is_current,
    cast(null as timestamp) as event_time,
    cast(null as decimal(38, 0)) as content_hash,
    cast(null as bigint) as rule_set,
    cast(null as string) as contract_version,
    cast(null as string) as run_id,
    cast(null as timestamp) as decided_at,
    landed_at,
    position
from undecided
