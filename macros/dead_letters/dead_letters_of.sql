{#
    A query for the dead letters of an entity. A dead letter is a text that a source sent and that
    was ever turned away; it is known by the first record with this text. The latest decision on
    the text, by whatever record, says how it stands:

    discarded: the text is turned away for the very reasons that somebody discarded it with
    resolved:  the text was accepted; or a record of the same source and key was, which arrived
               later and is greater: not older, or, where the letter's own time cannot be read,
               whatever its time
    open:      neither

    entity:    the entity's name.
    decisions: the relation of its decisions.

    Columns: source, text_hash, load_id, row_number, record_id (of the first record), record_key,
    record, reasons, error, explanation, last_outcome, content_hash, rule_set (of the latest
    decision), attempts, status, resolved_by (a record_id), run_id, recorded_at, last_seen.
#}
{% macro dead_letters_of(entity, decisions) -%}
with

letters as (

    select
        source,
        text_hash,
        min(record_id) as record_id,
        max(record) as record,
        min(run_id) as run_id,
        min(decided_at) as recorded_at
    from {{ decisions }}
    where is_dead_letter
    group by
        source,
        text_hash

),

{{ decisions_on_texts(decisions) }},

numbered as (

    select
        decided.*,
        row_number() over (
            partition by decided.source, decided.text_hash, decided.is_repeat
            order by decided.decided_at desc, decided.attempt desc, decided.record_id desc
        ) as recency,
        row_number() over (
            partition by decided.source, decided.text_hash, decided.is_dead_letter
            order by decided.decided_at desc, decided.attempt desc, decided.record_id desc
        ) as recency_of_its_side
    from decided

),

summed_up as (

    select
        source,
        text_hash,
        count(case when not is_repeat then record_id end) as attempts,
        max(decided_at) as last_seen
    from decided
    group by
        source,
        text_hash

),

latest as (

    select
        numbered.*,
        case
            when {{ is_accepted('outcome') }} then record_id
            -- it repeats what another text said, and that was accepted
            when outcome = 'duplicate' then other_record_id
        end as accepted_id
    from numbered
    where recency = 1
        and not is_repeat

),

turned_away as (

    select
        source,
        text_hash,
        case when outcome = 'late' then split('late', ',') else reasons end as reasons,
        case when outcome = 'late' then 'late' else error end as error,
        explanation
    from numbered
    where recency_of_its_side = 1
        and is_dead_letter

),

waiting as (

    select
        latest.source,
        latest.text_hash,
        latest.record_key,
        latest.key_hash,
        latest.event_time,
        letters.record_id
    from latest
    inner join letters
        on letters.source = latest.source
        and letters.text_hash = latest.text_hash
    where latest.accepted_id is null
        and latest.record_key is not null

),

-- found by the digest of the key alone: of no other record the engine then reads key and source
candidates as (

    select distinct
        later.record_id,
        later.attempt
    from {{ last_decisions(
        decisions, ['record_id', 'attempt', 'key_hash', 'outcome'], alias='later'
    ) | indent(4) }}
    inner join waiting
        on waiting.key_hash = later.key_hash
    where {{ is_accepted('later.outcome') }}
        and later.record_id > waiting.record_id

),

followers as (

    select
        waiting.source,
        waiting.text_hash,
        min(later.record_id) as record_id
    from {{ decisions }} as later
    inner join candidates
        on candidates.record_id = later.record_id
        and candidates.attempt = later.attempt
    inner join waiting
        on waiting.key_hash = later.key_hash
        and waiting.source = later.source
        and waiting.record_key = later.record_key
    where later.record_id > waiting.record_id
        {%- if order_time(contract(entity)) %}
        and (
            waiting.event_time is null
            or later.event_time is null
            or later.event_time >= waiting.event_time
        )
        {%- endif %}
    group by
        waiting.source,
        waiting.text_hash

),

discards as (

    select distinct
        source,
        text_hash,
        reasons
    from {{ source('ops', 'discards') }}
    where entity = '{{ entity }}'

),

-- when it was first turned away, whatever was rebuilt since
logged as (

    select
        source,
        text_hash,
        min(run_id) as run_id,
        min(recorded_at) as recorded_at
    from {{ source('ops', 'dead_letter_log') }}
    where entity = '{{ entity }}'
    group by
        source,
        text_hash

)

select
    letters.source,
    letters.text_hash,
    {{ load_of('letters.record_id') }} as load_id,
    letters.record_id % {{ rows_per_load() }} as row_number,
    letters.record_id,
    latest.record_key,
    letters.record,
    turned_away.reasons,
    turned_away.error,
    turned_away.explanation,
    latest.outcome as last_outcome,
    latest.content_hash,
    latest.rule_set,
    summed_up.attempts,
    case
        when latest.accepted_id is not null then 'resolved'
        when discards.text_hash is not null then 'discarded'
        when followers.record_id is not null then 'resolved'
        else 'open'
    end as status,
    case
        when latest.accepted_id is not null then latest.accepted_id
        when discards.text_hash is null then followers.record_id
    end as resolved_by,
    coalesce(logged.run_id, letters.run_id) as run_id,
    coalesce(logged.recorded_at, letters.recorded_at) as recorded_at,
    summed_up.last_seen
from letters
inner join latest
    on latest.source = letters.source
    and latest.text_hash = letters.text_hash
inner join turned_away
    on turned_away.source = letters.source
    and turned_away.text_hash = letters.text_hash
inner join summed_up
    on summed_up.source = letters.source
    and summed_up.text_hash = letters.text_hash
left join followers
    on followers.source = letters.source
    and followers.text_hash = letters.text_hash
left join discards
    on discards.source = letters.source
    and discards.text_hash = letters.text_hash
    and discards.reasons = turned_away.reasons
left join logged
    on logged.source = letters.source
    and logged.text_hash = letters.text_hash
{%- endmacro %}
