{#
    One decision per checked record, judged against the decisions already written: duplicate,
    rejected, late, outdated, superseded or applied, in this precedence. Append-only: what is
    decided stays decided, save by a redrive, which is a further attempt.

    entity: the entity's name.
#}
{% macro decide_records(entity) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set ordered = _key_order(contract) -%}
with

run as (

    {{ current_run() | indent(4) }}

),

checked as (

    select * from {{ ref('int_' ~ entity ~ '__checked') }}

),

settings as (

    select * from {{ source('raw', 'sources') }}

),

history as (

    {{ _decided_before() | indent(4) }}

),

-- a run that was stopped after its decisions is completed, not repeated
pending as (

    select
        checked.*,
        coalesce(checked.letter_hash, checked.content_hash) as sameness,
        {{ stage_covers('deduplicate', 'checked.key_hash') }} as is_deduplicated,
        {{ preference_rank(contract, 'checked') }} as preference
    from checked
    left join history
        on history.record_id = checked.record_id
        and (
            history.attempt = checked.attempt
            -- a redrive under the same rules that is rejected again is no new decision
            or (history.attempt < checked.attempt and history.letter_hash = checked.letter_hash)
        )
    where history.record_id is null

),

{{ find_repeats(contract) }},

watermarks as (

    select
        source,
        max(event_time) as watermark
    from history
    where outcome in ('applied', 'superseded', 'outdated')
    group by source

),

sorted_out as (

    select
        pending.*,
        repeats.original_id,
        case
            when repeats.original_id is not null and pending.is_deduplicated then 'duplicate'
            when pending.reasons is not null then 'rejected'
            when settings.late in ('skip', 'dead_letter')
                and pending.attempt = 1
                and pending.event_time
                    <= watermarks.watermark - settings.allowed_lateness * interval '1' second
                then 'late'
            -- with deduplication off, a repeat gets past it but never moves its key
            when repeats.original_id is not null then 'outdated'
        end as early_outcome,
        settings.late
    from pending
    left join repeats
        on repeats.record_id = pending.record_id
        and repeats.attempt = pending.attempt
    left join settings
        on settings.source = pending.source
    left join watermarks
        on watermarks.source = pending.source

),

lettered as (

    select
        sorted_out.*,
        coalesce(
            attempt = 1 and (
                early_outcome = 'rejected'
                or (early_outcome = 'late' and late = 'dead_letter')
            ),
            false
        ) as is_letter
    from sorted_out

),

held as (

    select
        applied_before.*,
        row_number() over (partition by key_hash, record_key order by {{ ordered }}) as recency
    from (
        select
            record_id,
            key_hash,
            record_key,
            {{ preference_rank(contract, 'history') }} as preference,
            event_time,
            content_hash,
            true as is_held
        from history
        where outcome = 'applied'
            and key_hash in (select key_hash from sorted_out where early_outcome is null)
    ) as applied_before

),

-- who stands for a key: what it held before this run, and this run's candidates
contenders as (

    select
        record_id,
        key_hash,
        record_key,
        preference,
        event_time,
        content_hash,
        false as is_held
    from sorted_out
    where early_outcome is null
    union all
    select
        record_id,
        key_hash,
        record_key,
        preference,
        event_time,
        content_hash,
        is_held
    from held
    where recency = 1

),

ranked as (

    select
        record_id,
        is_held,
        row_number() over (partition by key_hash, record_key order by {{ ordered }}) as place,
        first_value(record_id) over (
            partition by key_hash, record_key order by {{ ordered }}
        ) as greatest_id,
        -- set for all that come after the held record in the order
        max(case when is_held then record_id end) over (
            partition by key_hash, record_key order by {{ ordered }}
            rows between unbounded preceding and current row
        ) as held_id,
        {% if contract.event_time -%}
        count(*) over (partition by key_hash, record_key, event_time) > 1 as is_tie
        {%- else -%}
        false as is_tie
        {%- endif %}
    from contenders

),

placed as (

    select * from ranked where not is_held

)

select
    lettered.source,
    lettered.load_id,
    lettered.row_number,
    lettered.record_id,
    lettered.attempt,
    lettered.record_key,
    lettered.key_hash,
    lettered.event_time,
    lettered.content_hash,
    lettered.letter_hash,
    case
        when lettered.early_outcome is not null then lettered.early_outcome
        when placed.held_id is not null then 'outdated'
        when placed.place > 1 then 'superseded'
        else 'applied'
    end as outcome,
    case
        when lettered.early_outcome is not null then lettered.original_id
        when placed.held_id is not null then placed.held_id
        when placed.place > 1 then placed.greatest_id
    end as rival_id,
    -- the reasons of a duplicate are those of its original
    case when lettered.early_outcome = 'rejected' then lettered.reasons end as reasons,
    case when lettered.early_outcome = 'rejected' then lettered.error end as error,
    case when lettered.early_outcome = 'rejected' then lettered.explanation end as explanation,
    lettered.is_letter,
    case when lettered.is_letter then lettered.record end as record,
    coalesce(placed.is_tie, false) as is_tie,
    lettered.is_validated,
    lettered.freshness,
    '{{ contract.version }}' as contract_version,
    run.run_id,
    {{ utc_now() }} as decided_at
from lettered
cross join run
left join placed
    on placed.record_id = lettered.record_id
    and lettered.early_outcome is null
{% endmacro %}


{#- The decisions written so far. A rebuild starts from none. #}
{% macro _decided_before() -%}
{%- if is_incremental() -%}
select
    source,
    record_id,
    attempt,
    record_key,
    key_hash,
    event_time,
    content_hash,
    letter_hash,
    outcome
from {{ this }}
{%- else -%}
select
    cast(null as {{ dbt.type_string() }}) as source,
    cast(null as bigint) as record_id,
    cast(null as bigint) as attempt,
    cast(null as {{ dbt.type_string() }}) as record_key,
    cast(null as bigint) as key_hash,
    cast(null as timestamp) as event_time,
    cast(null as {{ dbt.type_string() }}) as content_hash,
    cast(null as {{ dbt.type_string() }}) as letter_hash,
    cast(null as {{ dbt.type_string() }}) as outcome
where 1 = 0
{%- endif -%}
{%- endmacro %}


{#- The order of the records of one key, greatest first; what is held stands before its equal. #}
{% macro _key_order(contract) -%}
{%- if contract.event_time -%}
preference, event_time desc, content_hash desc, is_held desc, record_id
{%- else -%}
preference, record_id desc, is_held desc
{%- endif -%}
{%- endmacro %}
