{#
    Makes one decision per checked record from the decisions already written: duplicate, rejected,
    late, outdated, superseded or applied; the first that holds. Decisions are only ever appended.
    A redrive adds a further attempt.

    Most records are the only ones of their key, among new and old. They are decided as they are
    read. The costly steps see only the others, and of the past only the keys at hand are read.
    Each query names the table that it reads: of an imported one, the engine would keep a copy of
    all rows.

    entity: the entity's name.
#}
{% macro decide_records(entity) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set checked = ref('int_' ~ entity ~ '__checked') -%}
with

run as (

    {{ current_run() | indent(4) }}

),

settings as (

    select * from {{ source('raw', 'sources') }}

),

-- decided by a run that was stopped after its decisions: it is completed, not repeated
decided as (

    select
        record_id,
        attempt,
        rejection_hash
    from {{ decided_before() | indent(4) }}
    where load_id in (select load_id from {{ checked }})

),

-- earlier decisions on the same keys; records of equal content have equal keys
past as (

    select
        record_id,
        source,
        record_key,
        key_hash,
        event_time,
        content_hash,
        coalesce(rejection_hash, content_hash) as sameness,
        outcome,
        other_record_id
    from {{ decided_before() | indent(4) }}
    where {{ key_is_among(
        'key_hash', 'select key_hash from ' ~ checked, this if is_incremental() else none
    ) }}

),

contested as (

    select key_hash
    from {{ checked }}
    group by key_hash
    having count(*) > 1
    union
    select key_hash from past

),

pending as (

    select
        checked.record_id,
        checked.attempt,
        checked.source,
        checked.record_key,
        checked.key_hash,
        checked.event_time,
        checked.content_hash,
        checked.rejection_hash,
        checked.reasons,
        coalesce(checked.rejection_hash, checked.content_hash) as sameness,
        {{ preference_rank(contract, 'checked') }} as preference
    from {{ checked }} as checked
    left join decided
        on {{ was_decided() | indent(8) }}
    where decided.record_id is null
        and checked.key_hash in (select key_hash from contested)

),

{{ find_repeats(contract) }},

watermarks as (

    {{ accepted_watermarks(
        decided_before(), "source in (select source from settings where late <> 'apply')"
    ) | indent(4) }}

),

sorted_out as (

    select
        pending.*,
        repeats.original_id,
        case
            when repeats.original_id is not null and {{ _is_deduplicated('pending') }}
                then 'duplicate'
            when {{ _is_rejected('pending') }} then 'rejected'
            when {{ _is_late('pending') | indent(12) }} then 'late'
            -- with deduplication off, a repeat is no duplicate, yet never the row of its key
            when repeats.original_id is not null then 'outdated'
        end as early_outcome
    from pending
    left join repeats
        on repeats.record_id = pending.record_id
        and repeats.attempt = pending.attempt
    left join settings
        on settings.source = pending.source
    left join watermarks
        on watermarks.source = pending.source

),

{{ place_contenders(contract) }},

judged as (

    select
        sorted_out.record_id,
        sorted_out.attempt,
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
        end as other_record_id,
        coalesce(placed.is_tie, false) as is_tie
    from sorted_out
    left join placed
        on placed.record_id = sorted_out.record_id
        and sorted_out.early_outcome is null

),

concluded as (

    select
        checked.*,
        case
            when judged.record_id is not null then judged.outcome
            when {{ _is_rejected('checked') }} then 'rejected'
            when {{ _is_late('checked') | indent(12) }} then 'late'
            else 'applied'
        end as outcome,
        judged.other_record_id,
        coalesce(judged.is_tie, false) as is_tie,
        settings.late
    from {{ checked }} as checked
    left join decided
        on {{ was_decided() | indent(8) }}
    left join judged
        on judged.record_id = checked.record_id
        and judged.attempt = checked.attempt
    left join settings
        on settings.source = checked.source
    left join watermarks
        on watermarks.source = checked.source
    where decided.record_id is null

),

marked as (

    select
        concluded.*,
        coalesce(
            attempt = 1
            and (outcome = 'rejected' or (outcome = 'late' and late = 'dead_letter')),
            false
        ) as is_dead_letter
    from concluded

)

select
    marked.source,
    marked.load_id,
    marked.row_number,
    marked.record_id,
    marked.attempt,
    marked.record_key,
    marked.key_hash,
    marked.event_time,
    marked.content_hash,
    marked.rejection_hash,
    marked.outcome,
    marked.other_record_id,
    -- the reasons of a duplicate are those of its original
    case when marked.outcome = 'rejected' then marked.reasons end as reasons,
    case when marked.outcome = 'rejected' then marked.error end as error,
    case when marked.outcome = 'rejected' then marked.explanation end as explanation,
    marked.is_dead_letter,
    case when marked.is_dead_letter then marked.record end as record,
    marked.is_tie,
    marked.is_validated,
    marked.freshness,
    '{{ contract.version }}' as contract_version,
    run.run_id,
    {{ utc_now() }} as decided_at
from marked
cross join run
{% endmacro %}


{% macro _is_deduplicated(record) -%}
{{ stage_covers(
    'deduplicate',
    'case when ' ~ record ~ '.record_key is not null then ' ~ record ~ '.key_hash end'
) }}
{%- endmacro %}


{% macro _is_rejected(record) -%}
{{ record }}.reasons is not null
{%- endmacro %}


{% macro _is_late(record) -%}
settings.late in ('skip', 'dead_letter')
and {{ record }}.attempt = 1
and {{ record }}.event_time
    <= watermarks.watermark - settings.allowed_lateness * interval '1' second
{%- endmacro %}
