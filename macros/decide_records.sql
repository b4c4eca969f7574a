{#
    One decision per checked record, judged against the decisions already written: duplicate,
    rejected, late, outdated, superseded or applied, in this precedence. Append-only: what is
    decided stays decided, save by a redrive, which is a further attempt.

    What is costly is done for few rows only: the past is read for the keys of this run, and
    records are ranked only where a key has more than one.

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

decided as (

    select
        record_id,
        attempt,
        letter_hash
    from {{ _decided_before() | indent(4) }}
    where record_id in (select record_id from checked)

),

-- a run that was stopped after its decisions is completed, not repeated
pending as (

    select
        checked.*,
        coalesce(checked.letter_hash, checked.content_hash) as sameness,
        {{ stage_covers('deduplicate', "case when checked.record_key is not null then checked.key_hash end") }} as is_deduplicated,
        {{ preference_rank(contract, 'checked') }} as preference
    from checked
    left join decided
        on decided.record_id = checked.record_id
        and (
            decided.attempt = checked.attempt
            -- a redrive under the same rules that is rejected again is no new decision
            or (decided.attempt < checked.attempt and decided.letter_hash = checked.letter_hash)
        )
    where decided.record_id is null

),

-- what was decided before of the same keys; equal content has an equal key
past as (

    select
        record_id,
        source,
        record_key,
        key_hash,
        event_time,
        content_hash,
        coalesce(letter_hash, content_hash) as sameness,
        outcome,
        rival_id
    from {{ _decided_before() | indent(4) }}
    where key_hash in (select key_hash from pending)

),

contested as (

    select key_hash
    from pending
    group by key_hash
    having count(*) > 1
    union
    select key_hash from past

),

{{ find_repeats(contract) }},

watermarks as (

    select
        source,
        max(event_time) as watermark
    from {{ _decided_before() | indent(4) }}
    where outcome in ('applied', 'superseded', 'outdated')
        and source in (select source from settings where late <> 'apply')
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

held as (

    select
        past.record_id,
        past.key_hash,
        past.record_key,
        {{ preference_rank(contract, 'past') }} as preference,
        past.event_time,
        past.content_hash,
        true as is_held
    from past
    left join past as displacing
        on displacing.rival_id = past.record_id
        and displacing.outcome = 'applied'
    where past.outcome = 'applied'
        and displacing.record_id is null

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
        and key_hash in (select key_hash from contested)
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

),

ranked as (

    select
        record_id,
        is_held,
        row_number() over (partition by key_hash, record_key order by {{ ordered }}) as place,
        first_value(record_id) over (
            partition by key_hash, record_key order by {{ ordered }}
        ) as greatest_id,
        max(case when is_held then record_id end) over (
            partition by key_hash, record_key
        ) as held_id,
        -- set for all that come after the held record in the order
        max(case when is_held then record_id end) over (
            partition by key_hash, record_key order by {{ ordered }}
            rows between unbounded preceding and current row
        ) as greater_held_id,
        {% if contract.event_time -%}
        count(*) over (partition by key_hash, record_key, event_time) > 1 as is_tie
        {%- else -%}
        false as is_tie
        {%- endif %}
    from contenders

),

placed as (

    select * from ranked where not is_held

),

concluded as (

    select
        sorted_out.*,
        case
            when sorted_out.early_outcome is not null then sorted_out.early_outcome
            when placed.greater_held_id is not null then 'outdated'
            when placed.place > 1 then 'superseded'
            else 'applied'
        end as outcome,
        case
            when sorted_out.early_outcome is not null then sorted_out.original_id
            when placed.greater_held_id is not null then placed.greater_held_id
            when placed.place > 1 then placed.greatest_id
            else placed.held_id
        end as rival_id,
        coalesce(
            sorted_out.attempt = 1 and (
                sorted_out.early_outcome = 'rejected'
                or (sorted_out.early_outcome = 'late' and sorted_out.late = 'dead_letter')
            ),
            false
        ) as is_letter,
        coalesce(placed.is_tie, false) as is_tie
    from sorted_out
    left join placed
        on placed.record_id = sorted_out.record_id
        and sorted_out.early_outcome is null

)

select
    concluded.source,
    concluded.load_id,
    concluded.row_number,
    concluded.record_id,
    concluded.attempt,
    concluded.record_key,
    concluded.key_hash,
    concluded.event_time,
    concluded.content_hash,
    concluded.letter_hash,
    concluded.outcome,
    concluded.rival_id,
    -- the reasons of a duplicate are those of its original
    case when concluded.outcome = 'rejected' then concluded.reasons end as reasons,
    case when concluded.outcome = 'rejected' then concluded.error end as error,
    case when concluded.outcome = 'rejected' then concluded.explanation end as explanation,
    concluded.is_letter,
    case when concluded.is_letter then concluded.record end as record,
    concluded.is_tie,
    concluded.is_validated,
    concluded.freshness,
    '{{ contract.version }}' as contract_version,
    run.run_id,
    {{ utc_now() }} as decided_at
from concluded
cross join run
{% endmacro %}


{#- The decisions written so far. A rebuild starts from none. #}
{% macro _decided_before() -%}
{%- if is_incremental() -%}
{{ this }}
{%- else -%}
(
    select
        cast(null as {{ dbt.type_string() }}) as source,
        cast(null as bigint) as record_id,
        cast(null as bigint) as attempt,
        cast(null as {{ dbt.type_string() }}) as record_key,
        cast(null as bigint) as key_hash,
        cast(null as timestamp) as event_time,
        cast(null as decimal(38, 0)) as content_hash,
        cast(null as decimal(38, 0)) as letter_hash,
        cast(null as {{ dbt.type_string() }}) as outcome,
        cast(null as bigint) as rival_id
    where 1 = 0
) as nothing
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
