with

loads as (

    select * from {{ source('raw', 'loads') }}
    where status = 'landed'

),

settings as (

    select * from {{ source('raw', 'sources') }}

),

watermarks as (

    select * from {{ ref('watermarks') }}

),

-- without an event time, an entity's target has the newest value that tells of freshness
newest_rows as (

    {% for entity in var('sources')
        if contract(entity).freshness and not contract(entity).event_time -%}
    select
        source,
        max({{ contract(entity).freshness }}) as newest_at
    from {{ ref(entity) }}
    group by source
    union all
    {% endfor -%}
    select
        cast(null as string) as source,
        cast(null as timestamp) as newest_at
    where 1 = 0

),

arrivals as (

    select
        source,
        max(landed_at) as last_landed_at,
        count(*) as landed_files,
        sum(rows) as landed_rows
    from loads
    group by source

),

dated as (

    select
        settings.entity,
        settings.source,
        arrivals.landed_files,
        arrivals.landed_rows,
        arrivals.last_landed_at,
        coalesce(watermarks.watermark, newest_rows.newest_at) as newest_event_at
    from settings
    left join arrivals
        on arrivals.source = settings.source
    left join watermarks
        on watermarks.source = settings.source
    left join newest_rows
        on newest_rows.source = settings.source

),

judged as (

    select
        dated.*,
        case
            when newest_event_at is null then 'unknown'
            when newest_event_at < {{ utc_now() }} - interval '{{ var("max_age") }}' second
                then 'stale'
            else 'fresh'
        end as freshness
    from dated

)

select * from judged
