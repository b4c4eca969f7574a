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

arrivals as (

    select
        source,
        max(landed_at) as last_landed_at,
        count(*) as landed_files,
        sum(rows) as landed_rows
    from loads
    group by source

),

judged as (

    select
        settings.entity,
        settings.source,
        arrivals.landed_files,
        arrivals.landed_rows,
        arrivals.last_landed_at,
        watermarks.watermark as newest_event_at,
        case
            when watermarks.watermark is null then 'unknown'
            when watermarks.watermark < {{ utc_now() }} - interval '{{ var("max_age") }}' second
                then 'stale'
            else 'fresh'
        end as freshness
    from settings
    left join arrivals
        on arrivals.source = settings.source
    left join watermarks
        on watermarks.source = settings.source

)

select * from judged
