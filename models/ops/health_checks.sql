{#- The checks that need the file system are those of the hub command: hub/queries/health.py. -#}
with

loads as (

    select * from {{ source('raw', 'loads') }}

),

runs as (

    select * from {{ source('ops', 'runs') }}

),

raw_rows as (

    select
        source,
        load_id,
        count(*) as found
    from {{ ref('raw_records') }}
    group by
        source,
        load_id

),

decided_rows as (

    select
        entity,
        load_id,
        count(*) as found
    from {{ ref('decisions') }}
    where attempt = 1
        -- a deletion that a full delivery implies did not land
        and row_number is not null
    group by
        entity,
        load_id

),

last_run as (

    select
        max(run_id) as run_id,
        max_by(status, run_id) as status
    from runs
    where status <> 'pulling'

),

-- what each entity had open when the run before its latest one ended
open_dead_letters as (

    select
        count(*) as opened,
        coalesce((
            select sum(before.dead_letters_open)
            from (
                select
                    entity,
                    dead_letters_open,
                    row_number() over (partition by entity order by run_id desc) as place
                from {{ ref('entity_states') }}
            ) as before
            where before.place = 2
        ), 0) as opened_before
    from {{ ref('dead_letters') }}
    where status = 'open'

),

last_builds as (

    select
        entity,
        max(run_id) as run_id
    from {{ source('ops', 'run_counts') }}
    where source is null
    group by entity

),

-- how the rows of each target stood when its entity was last built: only a build changes that
older_rows as (

    select
        counts.entity,
        counts.source,
        counts.measure,
        counts.amount
    from {{ source('ops', 'run_counts') }} as counts
    inner join last_builds as latest
        on latest.entity = counts.entity
        and latest.run_id = counts.run_id
    where counts.measure in ('older_rules', 'removed_source')
        and counts.amount > 0

),

latest_stream_events as (

    select
        source,
        event,
        happened_at,
        row_number() over (partition by source order by happened_at desc, event asc) as place
    from {{ source('ops', 'stream_events') }}

),

problems as (

    select
        'ledger = raw' as check_name,
        concat_ws(
            '',
            'load ', coalesce(due.load_id, raw_rows.load_id),
            ' of ', coalesce(due.source, raw_rows.source),
            ': ledger ', coalesce(due.rows, 0), ', raw ', coalesce(raw_rows.found, 0)
        ) as problem
    from (
        select
            loads.load_id,
            loads.source,
            loads.rows
        from loads
        inner join {{ source('raw', 'sources') }} as sources
            on sources.source = loads.source
    ) as due
    full outer join raw_rows
        on raw_rows.load_id = due.load_id
        and raw_rows.source = due.source
    where coalesce(due.rows, 0) <> coalesce(raw_rows.found, 0)
    union all
    select
        'raw = decisions' as check_name,
        concat_ws(
            '',
            'load ', loads.load_id, ' (', loads.file, '): ', loads.rows, ' rows, ',
            coalesce(decided_rows.found, 0), ' decided'
        ) as problem
    from {{ source('ops', 'completed_loads') }} as completed
    inner join loads
        on loads.load_id = completed.load_id
    left join decided_rows
        on decided_rows.entity = completed.entity
        and decided_rows.load_id = completed.load_id
    where completed.part = 'target'
        and loads.rows <> coalesce(decided_rows.found, 0)
    union all
    select
        'loads' as check_name,
        file as problem
    from {{ ref('unfinished_loads') }}
    union all
    select
        'runs' as check_name,
        run_id as problem
    from runs
    where status = 'running'
    union all
    select
        'last run' as check_name,
        run_id as problem
    from last_run
    where status = 'failed'
    union all
    select
        'watermarks' as check_name,
        concat_ws(
            '',
            source, ': stored ', coalesce(stored, 'NULL'), ', recomputed ', recomputed
        ) as problem
    from {{ ref('watermarks') }}
    where action <> 'kept'
    union all
    select distinct
        'drift' as check_name,
        concat_ws('', source, '.', field, ' ', drift) as problem
    from {{ ref('schema_drift') }}
    union all
    select
        'dead letters' as check_name,
        concat_ws('', opened, ' open, ', opened_before, ' a run before') as problem
    from open_dead_letters
    where opened > opened_before
    union all
    select
        'streams' as check_name,
        concat_ws('', source, ': ', event, ' at ', date_trunc('second', happened_at)) as problem
    from latest_stream_events
    where (place = 1 and event in ('broker away', 'failed', 'circuit open'))
        or event = 'offsets lost'
    union all
    select
        'rules' as check_name,
        concat_ws('', amount, ' rows of marts.', entity, ' from ', source) as problem
    from older_rows
    where measure = 'older_rules'
    union all
    select
        'removed sources' as check_name,
        concat_ws('', amount, ' rows of marts.', entity, ' from ', source) as problem
    from older_rows
    where measure = 'removed_source'

),

numbered as (

    select
        check_name,
        problem,
        row_number() over (partition by check_name order by problem) as place
    from problems

),

-- the first five by name
listed as (

    select
        check_name,
        count(*) as found,
        concat_ws(
            ', ',
            {%- for place in range(1, 6) %}
            max(case when place = {{ place }} then problem end){{ ',' if not loop.last }}
            {%- endfor %}
        ) as named
    from numbered
    group by check_name

),

checks as (

    select
        1 as check_number,
        'ledger = raw' as check_name,
        'fail' as status_if_found,
        'they differ: ' as found_are,
        concat_ws('', (select coalesce(sum(found), 0) from raw_rows), ' rows') as detail_if_none,
        concat_ws(
            '',
            'Somebody changed raw or the ledger: restore the warehouse from a copy, or land the ',
            'files into a new one.'
        ) as remedy
    union all
    select
        2 as check_number,
        'raw = decisions' as check_name,
        'fail' as status_if_found,
        'not every row is decided: ' as found_are,
        'every row of every completed load is decided' as detail_if_none,
        '`dbt build --full-refresh` decides all landed rows anew.' as remedy
    union all
    select
        3 as check_number,
        'loads' as check_name,
        'warn' as status_if_found,
        'landed but not built: ' as found_are,
        'all loads are completed' as detail_if_none,
        '`hub run` builds them.' as remedy
    union all
    select
        4 as check_number,
        'runs' as check_name,
        'warn' as status_if_found,
        'killed in the middle: ' as found_are,
        'none is left open' as detail_if_none,
        '`hub run` completes what they began.' as remedy
    union all
    select
        5 as check_number,
        'last run' as check_name,
        'fail' as status_if_found,
        'failed: ' as found_are,
        'it did not fail' as detail_if_none,
        concat_ws('', '`hub report --run ', run_id, '` says why.') as remedy
    from last_run
    union all
    select
        6 as check_number,
        'watermarks' as check_name,
        'warn' as status_if_found,
        'not as recomputed: ' as found_are,
        'stored and recomputed agree' as detail_if_none,
        'Nothing is lost: `hub run` ignores what is stored and recomputes it.' as remedy
    union all
    select
        7 as check_number,
        'drift' as check_name,
        'warn' as status_if_found,
        'fields not as declared: ' as found_are,
        'all fields are as declared' as detail_if_none,
        'Compare ops.schema_drift with the fields in the source''s YAML.' as remedy
    union all
    select
        8 as check_number,
        'dead letters' as check_name,
        'warn' as status_if_found,
        'growing: ' as found_are,
        concat_ws('', opened, ' open, not growing') as detail_if_none,
        'See ops.dead_letters; fix contract or adapter, then `hub redrive`.' as remedy
    from open_dead_letters
    union all
    select
        9 as check_number,
        'streams' as check_name,
        'warn' as status_if_found,
        'in trouble: ' as found_are,
        concat_ws(
            '',
            count(distinct source), ' sources streamed so far, lag ',
            coalesce(sum(log_end - next_offset), 0)
        ) as detail_if_none,
        'See ops.stream_events, and docs/streams.md: Runbook.' as remedy
    from {{ source('ops', 'stream_offsets') }}
    union all
    select
        10 as check_number,
        'rules' as check_name,
        'warn' as status_if_found,
        'decided under older rules: ' as found_are,
        'all rows of the targets were decided under the present rules' as detail_if_none,
        '`hub reprocess --entity E` decides them again; with --dry-run it shows what changes.'
            as remedy
    union all
    select
        11 as check_number,
        'removed sources' as check_name,
        'warn' as status_if_found,
        'of sources registered no more: ' as found_are,
        'all rows of the targets are of registered sources' as detail_if_none,
        '`hub reprocess --entity E` takes them out; register the source again to keep them.'
            as remedy

)

select
    checks.check_number,
    checks.check_name,
    case when listed.found > 0 then checks.status_if_found else 'ok' end as status,
    case
        when listed.found > 5
            then concat_ws('', checks.found_are, listed.named, ' and ', listed.found - 5, ' more')
        when listed.found > 0 then concat_ws('', checks.found_are, listed.named)
        else checks.detail_if_none
    end as detail,
    case when listed.found > 0 then checks.remedy else '' end as remedy
from checks
left join listed
    on listed.check_name = checks.check_name
