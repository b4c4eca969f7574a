{#
    Hook after every build, also a failed one: keeps what the run counted, stores the watermarks
    and closes the run.

    results: what dbt reports of every node.
#}
{% macro end_run(results) %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% for run_id, run_clock, started_at in rows_of(current_run()) %}
            {% set built = _built_entities(results) %}
            {% set steps = [] %}
            {% for entity in built %}
                {% do steps.append(_count_outcomes(entity, run_id, started_at)) %}
                {% do steps.append(_count_state(entity, run_id)) %}
            {% endfor %}
            {% do steps.append(_store_watermarks(run_id, started_at, built)) %}
            {% do steps.append(_close_run(run_id, failures_of(results))) %}
            {#- as one statement: dbt takes some milliseconds for each -#}
            {% call statement() %}{{ steps | join(';\n') }}{% endcall %}
            {% do adapter.commit() %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- The entities of which this run built something: the others hold what they held. #}
{% macro _built_entities(results) %}
    {% set tags = [] %}
    {% for result in results if result.node.resource_type in ['model', 'snapshot'] %}
        {% do tags.extend(result.node.tags) %}
    {% endfor %}
    {{ return(var('sources').keys() | select('in', tags) | list) }}
{% endmacro %}


{#-
    What this run decided, by source. Decisions stand in the order in which they were made, so
    the bound on time keeps the query from reading the past.
#}
{% macro _count_outcomes(entity, run_id, started_at) %}
insert into {{ source('ops', 'run_counts') }} (run_id, entity, source, measure, amount)
with

decided as (

    select
        decisions.*,
        {{ is_accepted('outcome') }} as is_accepted
    from {{ warehouse_relation('ops', entity ~ '_decisions') }} as decisions
    where run_id = '{{ run_id }}'
        and decided_at >= cast('{{ started_at }}' as timestamp)

),

counted as (

    select source, outcome as measure, count(*) as amount from decided group by source, outcome
    {% for measure, condition in {
        'stale': "is_accepted and freshness = 'stale'",
        'unvalidated': 'is_accepted and not is_validated',
        'tie': 'is_tie',
        'null_key': "array_contains(reasons, 'missing_" ~ contract(entity).key ~ "')",
    }.items() -%}
    union all
    select source, '{{ measure }}', count(*) from decided where {{ condition }} group by source
    {% endfor -%}
    {% for stage in var('rollout', {}) -%}
    union all
    select
        source,
        concat(
            'rollout {{ stage }} ',
            case when {{ stage_covers(stage, 'key_hash') }} then 'covered ' else 'control ' end,
            case when is_accepted then 'accepted' else outcome end
        ),
        count(*)
    from decided
    group by source, concat(
            'rollout {{ stage }} ',
            case when {{ stage_covers(stage, 'key_hash') }} then 'covered ' else 'control ' end,
            case when is_accepted then 'accepted' else outcome end
        )
    {% endfor %}
)

select '{{ run_id }}', '{{ entity }}', source, measure, amount from counted
{% endmacro %}


{#- What the entity holds at the run's end. #}
{% macro _count_state(entity, run_id) %}
{%- set decisions = warehouse_relation('ops', entity ~ '_decisions') -%}
{%- set projected = warehouse_relation('marts', entity) -%}
{%- set reconciliation = warehouse_relation('marts', entity ~ '_reconciliation') -%}
insert into {{ source('ops', 'run_counts') }} (run_id, entity, source, measure, amount)
with

letters as (

    select
        status,
        last_contract_version,
        count(*) as amount
    from (
        {{ dead_letters_of(decisions) | indent(8) }}
    ) as each_letter
    group by
        status,
        last_contract_version

),

steps as (

    {{ lineage_steps() | indent(4) }}

)

select '{{ run_id }}', '{{ entity }}', null, state.measure, state.amount
from (
    select concat('dead letters ', status) as measure, sum(amount) as amount
    from letters
    group by status
    union all
    select 'dead letters of another contract', coalesce(sum(amount), 0)
    from letters
    where status = 'open'
        and last_contract_version <> '{{ contract(entity).version }}'
    union all
    select concat('lineage ', steps.step), sum(decided.amount)
    from (
        select outcome, count(*) as amount
        from {{ decisions }}
        group by outcome
    ) as decided
    inner join steps
        on steps.outcome = decided.outcome
    group by steps.step
    union all
    select 'lineage redrive', count(*)
    from {{ decisions }}
    where attempt > 1
    having count(*) > 0
    {%- if projected is not none %}
    union all
    select 'target_rows', count(*) from {{ projected }}
    {%- endif %}
    {%- if reconciliation is not none %}
    union all
    select concat('reconciliation ', status), count(*)
    from {{ reconciliation }}
    group by status
    {%- endif %}
) as state
{% endmacro %}


{#-
    The next entries of the log of watermarks: what was found stored, and the truth. Where every
    stored value is as it was left, this run's records, which are those of the entities built, can
    only have raised it; otherwise all decisions are read.
#}
{% macro _store_watermarks(run_id, started_at, built) %}
{%- set entities = var('sources').keys() | list -%}
{%- set raised -%}
{%- for entity in built or entities %}
select source, max(event_time) as watermark
from {{ warehouse_relation('ops', entity ~ '_decisions') }}
where {{ is_accepted('outcome') }}
    and run_id = '{{ run_id }}'
    and decided_at >= cast('{{ started_at }}' as timestamp)
group by source
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- endset -%}
{%- set latest -%}
select log.*
from {{ source('ops', 'watermark_log') }} as log
inner join (
    select source, max(entry) as entry
    from {{ source('ops', 'watermark_log') }}
    group by source
) as last_entries
    on last_entries.source = log.source
    and last_entries.entry = log.entry
{%- endset -%}
{%- set doubtful -%}
select raised.source
from ({{ raised }}) as raised
full outer join ({{ latest }}) as latest
    on latest.source = raised.source
where (raised.watermark is not null or latest.source is not null)
    and (
        latest.watermark is null
        or latest.stored is distinct from {{ _watermark_text('latest.watermark') }}
    )
{%- endset -%}
{#- A run that was killed may have decided records and stored nothing of them. -#}
{%- set untold -%}
select run_id
from {{ source('ops', 'runs') }}
where status <> 'succeeded'
    and command not in ('land', 'pull')
    and run_id < '{{ run_id }}'
    and run_id > (select coalesce(max(run_id), '') from {{ source('ops', 'watermark_log') }})
{%- endset -%}
insert into {{ source('ops', 'watermark_log') }}
    (entry, source, found, stored, watermark, action, run_id)
select
    coalesce((select max(entry) from {{ source('ops', 'watermark_log') }}), 0) + 1,
    source,
    found,
    {{ _watermark_text('watermark') }},
    watermark,
    action,
    '{{ run_id }}'
from (
    {%- if entities and not rebuilding() and not rows_of(untold ~ ' union all ' ~ doubtful) %}
    select
        latest.source,
        latest.stored as found,
        greatest(latest.watermark, coalesce(raised.watermark, latest.watermark)) as watermark,
        'kept' as action
    from ({{ latest }}) as latest
    left join ({{ raised }}) as raised
        on raised.source = latest.source
    {%- else %}
    select
        source,
        stored as found,
        watermark,
        -- a value that lags behind only because this run brought newer records was right
        case
            when action = 'recomputed: the stored value is too low'
                and stored = (
                    select {{ _watermark_text('max(before.event_time)') }}
                    from {{ warehouse_relation('ops', 'decisions') }} as before
                    where before.source = marks.source
                        and {{ is_accepted('before.outcome') }}
                        and before.run_id <> '{{ run_id }}'
                )
                then 'kept'
            when action = 'recomputed: nothing was stored yet' then 'kept'
            else action
        end as action
    from {{ warehouse_relation('ops', 'watermarks') }} as marks
    {%- endif %}
) as next_entries
{% endmacro %}


{% macro _watermark_text(watermark) -%}
replace(cast({{ watermark }} as {{ dbt.type_string() }}), ' ', 'T')
{%- endmacro %}


{% macro _close_run(run_id, errors) %}
update {{ source('ops', 'runs') }}
set status = '{{ 'failed' if errors else 'succeeded' }}',
    ended_at = {{ utc_now() }},
    duration_ms = {{ dbt.datediff('started_at', utc_now(), 'millisecond') }},
    errors = {{ sql_text(tojson(errors)) }}
where run_id = '{{ run_id }}'
{% endmacro %}
