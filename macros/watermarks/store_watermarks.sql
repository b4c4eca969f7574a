{#
    A statement that logs the watermark of each source at the end of a run: the value found, and
    the right one. Where the stored value is as the last run left it, only this run's decisions can
    have raised it, and they are few. Where it is not, the source is in doubt, and its watermark is
    recomputed from all of its decisions. With no source in doubt, the engine reads none of those.

    run_id, started_at: the run.
    built:              the entities of which it built something.
#}
{% macro store_watermarks(run_id, started_at, built) %}
{%- set in_doubt = 'source in (select source from doubtful)' -%}
insert into {{ source('ops', 'watermark_log') }}
    (entry, source, found, stored, watermark, action, run_id)
with

latest as (

    {{ stored_watermarks() | indent(4) }}

),

raised as (

    {% for entity in built -%}
    {{ accepted_watermarks(
        warehouse_relation('ops', entity ~ '_decisions'),
        "run_id = '" ~ run_id ~ "' and decided_at >= cast('" ~ started_at ~ "' as timestamp)"
    ) | indent(4) }}
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as string) as source,
        cast(null as timestamp) as watermark
    where 1 = 0
    {% endfor %}
),

redecided as (

    {% for entity in built -%}
    select distinct source
    from {{ warehouse_relation('ops', entity ~ '_decisions') }}
    where attempt > 1
        and run_id = '{{ run_id }}'
    {{ 'union all' if not loop.last }}
    {% else -%}
    select cast(null as string) as source
    where 1 = 0
    {% endfor %}
),

-- a run that was killed may have decided records and stored nothing of them
untold as (

    select run_id
    from {{ source('ops', 'runs') }}
    where status <> 'succeeded'
        and command not in ('land', 'pull')
        and run_id < '{{ run_id }}'
        and run_id > (select coalesce(max(run_id), '') from {{ source('ops', 'watermark_log') }})

),

doubtful as (

    select known.source
    from (
        select source from latest
        union
        select source from raised
        union
        select source from redecided
        union
        select source from {{ source('raw', 'sources') }}
    ) as known
    left join latest
        on latest.source = known.source
    left join raised
        on raised.source = known.source
    where {{ '1 = 1' if rebuilding() else '(select count(*) from untold) > 0' }}
        -- records that counted may count no more
        or known.source in (select source from redecided)
        -- nothing was stored yet, or somebody changed it
        or (latest.source is null and raised.watermark is not null)
        or latest.stored is distinct from {{ watermark_text('latest.watermark') }}

),

before_this_run as (

    {{ accepted_watermarks(_all_decisions(), in_doubt ~ " and run_id <> '" ~ run_id ~ "'")
        | indent(4) }}

),

next_entries as (

    select
        latest.source,
        latest.stored as found,
        greatest(latest.watermark, coalesce(raised.watermark, latest.watermark)) as watermark,
        'kept' as action
    from latest
    left join raised
        on raised.source = latest.source
    where latest.source not in (select source from doubtful)
    union all
    select
        compared.source,
        compared.stored as found,
        compared.watermark,
        case
            when compared.action = 'recomputed: nothing was stored yet' then 'kept'
            -- it is too low only because this run brought newer records: it was right
            when compared.action = 'recomputed: the stored value is too low'
                and compared.stored = {{ watermark_text('before_this_run.watermark') }}
                then 'kept'
            when compared.action <> 'kept'
                and compared.source in (select source from redecided)
                then 'recomputed: records were decided again'
            else compared.action
        end as action
    from (
        {{ compared_watermarks(_all_decisions(), in_doubt) | indent(8) }}
    ) as compared
    left join before_this_run
        on before_this_run.source = compared.source

)

select
    coalesce((select max(entry) from {{ source('ops', 'watermark_log') }}), 0) + 1,
    source,
    found,
    {{ watermark_text('watermark') }},
    watermark,
    action,
    '{{ run_id }}'
from next_entries
{% endmacro %}


{#-
    The last decisions, of those entities that have a table of them. Read by this, not by the view
    ops.decisions: a table that cannot be read would take all other entities with it. In a query of
    its own for each use: the engine would keep a copy of what two of them read.
-#}
{% macro _all_decisions() -%}
(
    {%- set ns = namespace(is_first=true) %}
    {%- for entity in var('sources') if warehouse_relation('ops', entity ~ '_decisions') %}
    {{ 'union all' if not ns.is_first }}
    select
        '{{ entity }}' as entity,
        *
    from {{ last_decisions(
        warehouse_relation('ops', entity ~ '_decisions'),
        ['source', 'outcome', 'event_time', 'run_id'],
    ) | indent(4) }}
    {%- set ns.is_first = false %}
    {%- endfor %}
) as decided
{%- endmacro %}
