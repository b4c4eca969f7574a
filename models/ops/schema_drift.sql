with

declared as (

    select * from {{ source('raw', 'source_fields') }}

),

seen as (

    select * from {{ source('raw', 'fields') }}

),

loads as (

    select * from {{ source('raw', 'loads') }}
    where status = 'landed'
        and rows > 0

),

described_sources as (

    select distinct source from declared

),

unknown as (

    select
        seen.load_id,
        seen.source,
        seen.field,
        'unknown' as drift,
        cast(null as string) as declared_type,
        seen.type as seen_type,
        seen.records
    from seen
    inner join described_sources
        on described_sources.source = seen.source
    left join declared
        on declared.source = seen.source
        and declared.field = seen.field
    where declared.field is null

),

retyped as (

    select
        seen.load_id,
        seen.source,
        seen.field,
        'retyped' as drift,
        declared.type as declared_type,
        seen.type as seen_type,
        seen.records
    from seen
    inner join declared
        on declared.source = seen.source
        and declared.field = seen.field
    where seen.type not in (declared.type, 'null')
        and declared.type <> 'any'

),

missing as (

    select
        loads.load_id,
        declared.source,
        declared.field,
        'missing' as drift,
        declared.type as declared_type,
        cast(null as string) as seen_type,
        loads.rows as records
    from declared
    inner join loads
        on loads.source = declared.source
    left join seen
        on seen.load_id = loads.load_id
        and seen.field = declared.field
    where seen.field is null
        and not declared.optional

),

drifted as (

    select * from unknown
    union all
    select * from retyped
    union all
    select * from missing

)

select
    drifted.source,
    drifted.field,
    drifted.drift,
    drifted.declared_type,
    drifted.seen_type,
    drifted.records,
    drifted.load_id,
    loads.file,
    loads.landed_at
from drifted
inner join loads
    on loads.load_id = drifted.load_id
