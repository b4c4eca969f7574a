{#
    For decide_records: the CTEs up to `pending` and `past`.

    pending: the checked records that are not decided yet and are not the only ones of their key.
    past:    the last decisions on the same keys, but for those that are made anew now. Keys are
             known by their digests: of a long history, the texts of a few cost as much as of all.
             Without the text, unless full deliveries name the keys that they lack. Two keys of one
             digest would be taken for one: holds_the_greatest_of_each_key finds them.
    twin_decisions: the last decisions on the records that stand at the same place of the version of
                    the file before.

    entity:  the entity's name.
    checked: the relation of the checked records.
#}
{% macro read_past(entity, checked) -%}
-- decided by a run that was stopped after its decisions: it is completed, not repeated
decided as (

    select
        record_id,
        attempt,
        outcome,
        rule_set
    from {{ decided_before() | indent(4) }} as written
    where load_id in (select load_id from {{ checked }})

),

decided_anew as (

    select distinct checked.record_id
    from {{ checked }} as checked
    left join decided
        on {{ was_decided() | indent(8) }}
    where checked.attempt > 1
        and decided.record_id is null

),

later_attempts as (

    {{ later_attempts(decided_before() ~ ' as written') | indent(4) }}

),

-- records of equal content have equal keys
past_of_keys as (

    select
        record_id,
        attempt,
        row_number,
        load_id,
        source,
        {%- if is_delivered_in_full(entity) %}
        record_key,
        {%- endif %}
        key_hash,
        event_time,
        arrived_as,
        content_hash,
        text_hash,
        rule_set,
        outcome,
        other_record_id,
        is_deletion
    {%- if is_delivered_in_full(entity) or not is_incremental() %}
    from {{ decided_before() | indent(4) }} as written
    {%- else %}
    from {{ rows_of_keys(this, 'key_hash', 'select key_hash from ' ~ checked) | indent(4) }}
        as written
    {%- endif %}

),

past as (

    select past_of_keys.*
    from past_of_keys
    left join later_attempts
        on later_attempts.record_id = past_of_keys.record_id
        and later_attempts.attempt > past_of_keys.attempt
    left join decided_anew
        on decided_anew.record_id = past_of_keys.record_id
    where later_attempts.record_id is null
        and decided_anew.record_id is null

),

twin_decisions as (

    select
        twins.record_id,
        twins.attempt,
        twins.rule_set,
        case when twins.outcome = 'duplicate' then twins.other_record_id else twins.record_id end
            as original_id,
        twins.arrived_as
    from {{ decided_before() | indent(4) }} as twins
    left join later_attempts
        on later_attempts.record_id = twins.record_id
        and later_attempts.attempt > twins.attempt
    left join decided_anew
        on decided_anew.record_id = twins.record_id
    where twins.record_id in (select twin_id from {{ checked }} where twin_id is not null)
        and later_attempts.record_id is null
        and decided_anew.record_id is null

),

contested as (

    select key_hash
    from {{ checked }}
    group by key_hash
    {%- if not is_delivered_in_full(entity) %}
    having count(*) > 1
    {%- endif %}
    union
    select key_hash from past
    union
    select key_hash from {{ checked }} where twin_id is not null

),

pending as (

    select
        checked.record_id,
        checked.attempt,
        checked.load_id,
        checked.source,
        checked.record_key,
        checked.key_hash,
        checked.event_time,
        checked.content_hash,
        checked.text_hash,
        checked.rule_set,
        checked.twin_id,
        checked.is_deletion,
        checked.reasons
    from {{ checked }} as checked
    left join decided
        on {{ was_decided() | indent(8) }}
    where decided.record_id is null
        and checked.key_hash in (select key_hash from contested)

)
{%- endmacro %}
