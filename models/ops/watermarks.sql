with

decisions as (

    select * from {{ ref('decisions') }}

),

recomputed as (

    select
        entity,
        source,
        max(event_time) as watermark
    from decisions
    where {{ is_accepted('outcome') }}
    group by
        entity,
        source

),

latest_entries as (

    select
        source,
        max(entry) as entry
    from {{ source('ops', 'watermark_log') }}
    group by source

),

stored as (

    select
        log.source,
        log.stored,
        log.action as last_action,
        try_cast(log.stored as timestamp) as stored_at
    from {{ source('ops', 'watermark_log') }} as log
    inner join latest_entries
        on latest_entries.source = log.source
        and latest_entries.entry = log.entry

),

compared as (

    select
        recomputed.entity,
        recomputed.source,
        stored.stored,
        replace(cast(recomputed.watermark as string), ' ', 'T') as recomputed,
        recomputed.watermark,
        case
            when stored.source is null then 'recomputed: nothing was stored yet'
            when trim(coalesce(stored.stored, '')) = ''
                then 'recomputed: the stored value is empty'
            when stored.stored_at is null then 'recomputed: the stored value is no timestamp'
            when stored.stored_at > {{ utc_now() }}
                then 'recomputed: the stored value lies in the future'
            when stored.stored_at < recomputed.watermark
                then 'recomputed: the stored value is too low'
            when stored.stored_at > recomputed.watermark
                then 'recomputed: the stored value is too high'
            else 'kept'
        end as action,
        stored.last_action
    from recomputed
    left join stored
        on stored.source = recomputed.source
    where recomputed.watermark is not null

)

select * from compared
