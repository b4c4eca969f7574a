{#
    A statement that logs the watermark of each source of an entity at the end of a run: the value
    found, and the right one. Where the stored value is as the last run left it, only this run's
    decisions can have raised it, and they are few. Where it is not, the source is in doubt, and its
    watermark is recomputed from all of its decisions. With no source in doubt, the engine reads none
    of those.

    entity: the entity's name.
#}
{% macro store_watermarks(entity) %}
{%- set decisions = warehouse_relation('ops', entity ~ '_decisions') -%}
{%- set registered = "source in ('" ~ sources_of(entity) | join("', '") ~ "')" -%}
{%- set in_doubt = 'source in (select source from doubtful)' -%}
{%- set this_run = '(select run_id from (' ~ current_run() ~ ') as run)' -%}
insert into {{ source('ops', 'watermark_log') }}
    (entry, source, found, stored, watermark, action, run_id)
with

latest as (

    select * from (
        {{ stored_watermarks() | indent(8) }}
    ) as stored
    where {{ registered }}

),

raised as (

    {{ accepted_watermarks(decisions, decided_in_this_run(entity)) | indent(4) }}

),

redecided as (

    select distinct source
    from {{ decisions }}
    where attempt > 1
        and run_id = {{ this_run }}

),

-- a run that was killed may have decided records and stored nothing of them
untold as (

    select run_id
    from {{ source('ops', 'runs') }}
    where status <> 'succeeded'
        and command not in ('land', 'pull')
        and run_id < {{ this_run }}
        and run_id > (
            select coalesce(max(run_id), '') from {{ source('ops', 'watermark_log') }}
            where {{ registered }}
        )

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
        select source from {{ source('raw', 'sources') }} where {{ registered }}
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

    {{ accepted_watermarks(_last_decisions(entity), in_doubt ~ ' and run_id <> ' ~ this_run)
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
        {{ compared_watermarks(_last_decisions(entity), in_doubt) | indent(8) }}
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
    {{ this_run }}
from next_entries
{% endmacro %}


{#- A query of its own for each use: the engine would keep a copy of what two of them read. -#}
{% macro _last_decisions(entity) -%}
(
    select
        '{{ entity }}' as entity,
        *
    from {{ last_decisions(
        warehouse_relation('ops', entity ~ '_decisions'),
        ['source', 'outcome', 'event_time', 'run_id'],
    ) | indent(4) }}
) as decided
{%- endmacro %}
