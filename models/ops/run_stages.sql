with

runs as (

    select * from {{ source('ops', 'runs') }}

),

entities as (

    select
        entity,
        count(*) as number_of_sources,
        max(source) as one_source
    from {{ source('raw', 'sources') }}
    group by entity

),

-- the log of runs has the stages that were off as a list in JSON, under either of their names
stages as (

    {% for stage, reported_as in stages().items() -%}
    select
        {{ loop.index }} as stage_number,
        '{{ stage }}' as stage,
        '{{ reported_as }}' as reported_as,
        '%"{{ stage }}"%' as pattern,
        '%"{{ reported_as }}"%' as other_pattern
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (

    select * from {{ ref('run_entities') }}

),

judged as (

    select
        runs.run_id,
        entities.entity,
        stages.stage_number,
        stages.stage,
        stages.reported_as,
        case
            when runs.skip like stages.pattern or runs.skip like stages.other_pattern then 'off'
            when stages.stage = 'reconcile' and entities.number_of_sources < 2 then 'skipped'
            when coalesce(counted.records, 0) = 0 then 'no input'
            else 'ran'
        end as status,
        entities.one_source
    from runs
    cross join entities
    cross join stages
    left join counted
        on counted.run_id = runs.run_id
        and counted.entity = entities.entity

)

select
    run_id,
    entity,
    stage_number,
    stage,
    reported_as,
    status,
    case
        when status = 'off' then 'the stage is off'
        when status = 'skipped' then concat_ws('', 'fewer than two sources: ', one_source)
    end as reason
from judged
