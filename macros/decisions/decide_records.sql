{#
    Makes one decision per checked record from the decisions already written: duplicate, rejected,
    late, outdated, superseded or applied; the first that holds. Decisions are only ever appended.
    A record that is decided again gets a further attempt, and only the last one counts.

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
{%- set implies_deletions = is_delivered_in_full(entity) -%}
with

run as (

    {{ current_run() | indent(4) }}

),

settings as (

    select * from {{ source('raw', 'sources') }}

),

{{ read_past(entity, checked) }},

watermarks as (

    {{ watermarks_of_runs(
        _counting_decisions(), "source in (select source from settings where late <> 'apply')"
    ) | indent(4) }}

),

{% if implies_deletions -%}
{{ imply_deletions(entity) }},

{% endif -%}
{{ find_repeats(contract, implies_deletions) }},

sorted_out as (

    select
        pending.*,
        repeats.original_id,
        twins.arrived_as,
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
    left join twins
        on twins.record_id = pending.record_id
    left join settings
        on settings.source = pending.source
    left join watermarks
        on watermarks.source = pending.source

),

{{ place_contenders(contract, implies_deletions) }},

judged as (

    select
        sorted_out.record_id,
        sorted_out.attempt,
        sorted_out.arrived_as,
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
        ties.record_id is not null as is_tie
    from sorted_out
    left join placed
        on placed.record_id = sorted_out.record_id
        and sorted_out.early_outcome is null
    left join ties
        on ties.record_id = sorted_out.record_id
        and sorted_out.early_outcome is null

),

concluded as (

    select
        checked.source,
        checked.load_id,
        checked.row_number,
        checked.record_id,
        checked.attempt,
        checked.record_key,
        checked.key_hash,
        checked.event_time,
        judged.arrived_as,
        checked.content_hash,
        checked.text_hash,
        checked.rule_set,
        case
            when judged.record_id is not null then judged.outcome
            when {{ _is_rejected('checked') }} then 'rejected'
            when {{ _is_late('checked') | indent(12) }} then 'late'
            else 'applied'
        end as outcome,
        judged.other_record_id,
        checked.is_deletion,
        checked.reasons,
        checked.error,
        checked.explanation,
        checked.record,
        coalesce(judged.is_tie, false) as is_tie,
        checked.is_ambiguous_time,
        checked.is_validated,
        checked.freshness,
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
    {%- if implies_deletions %}
    union all
    {{ decide_implied() | indent(4) }}
    {%- endif %}

),

marked as (

    select
        concluded.*,
        coalesce(
            outcome = 'rejected' or (outcome = 'late' and late = 'dead_letter'), false
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
    marked.arrived_as,
    marked.content_hash,
    marked.text_hash,
    marked.rule_set,
    marked.outcome,
    marked.other_record_id,
    marked.is_deletion,
    -- the reasons of a duplicate are those of its original
    case when marked.outcome = 'rejected' then marked.reasons end as reasons,
    case when marked.outcome = 'rejected' then marked.error end as error,
    case when marked.outcome = 'rejected' then marked.explanation end as explanation,
    marked.is_dead_letter,
    case when marked.is_dead_letter then marked.record end as record,
    marked.is_tie,
    marked.is_ambiguous_time,
    marked.is_validated,
    marked.freshness,
    run.run_id,
    {{ utc_now() }} as decided_at
from marked
cross join run
{% endmacro %}


{% macro _counting_decisions() -%}
(
    select written.*
    from {{ decided_before() | indent(4) }} as written
    left join later_attempts
        on later_attempts.record_id = written.record_id
        and later_attempts.attempt > written.attempt
    where later_attempts.record_id is null
) as counting
{%- endmacro %}


{% macro _is_deduplicated(record) -%}
{{ stage_covers(
    'deduplicate',
    'case when ' ~ record ~ '.record_key is not null then ' ~ record ~ '.key_hash end'
) }}
{%- endmacro %}


{% macro _is_rejected(record) -%}
{{ record }}.reasons is not null
{%- endmacro %}


{#- What is decided again is never late. -#}
{% macro _is_late(record) -%}
settings.late in ('skip', 'dead_letter')
and {{ record }}.attempt = 1
and {{ record }}.event_time
    <= watermarks.watermark - settings.allowed_lateness * interval '1' second
{%- endmacro %}
