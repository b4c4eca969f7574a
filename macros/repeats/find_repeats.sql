{#
    For decide_records: the CTEs up to `repeats` and `twins`. Reads `pending`, `past`,
    `twin_decisions` and, where a full delivery implies deletions, `implied`.

    repeats: record_id, attempt and original_id of each pending record whose source has sent the
             same before, under the same rules. Digests cover the source.
    twins:   record_id and arrived_as of each whose twin was decided under other rules: it is
             decided anew, in its twin's place in the order of arrival.

    contract:          as contract() returns it.
    implies_deletions: whether there is a CTE `implied`.
#}
{% macro find_repeats(contract, implies_deletions) -%}
repeats_of_place as (

    -- an appended file repeats all that it had before, whatever came in between
    select
        pending.record_id,
        pending.attempt,
        twin_decisions.original_id
    from pending
    inner join twin_decisions
        on twin_decisions.record_id = pending.twin_id
        and twin_decisions.rule_set = pending.rule_set
    union all
    select
        pending.record_id,
        pending.attempt,
        twins_now.record_id as original_id
    from pending
    inner join pending as twins_now
        on twins_now.record_id = pending.twin_id

),

{{ divide_by_deletions(contract, implies_deletions) }},

repeats_of_deletions as (

    select
        deletions.record_id,
        deletions.attempt,
        divided.last_deletion_id as original_id
    from deletions
    inner join divided
        on divided.record_id = deletions.record_id
    left join dividing
        on dividing.record_id = deletions.record_id
    where deletions.is_new
        and dividing.record_id is null

),

-- one that would come too late may repeat the deletion that is in force
late_deletions as (

    select
        standing.record_id,
        standing.attempt,
        dividing.record_id as original_id,
        dividing.arrival,
        dividing.rule_set = standing.rule_set as is_under_same_rules
    from standing
    inner join divided
        on divided.record_id = standing.record_id
    inner join dividing
        on dividing.record_id = divided.last_deletion_id
    where standing.is_late_deletion
        and dividing.content_hash = standing.content_hash

),

{{ repeats_of_content(contract) }},

first_rejected as (

    select
        text_hash,
        rule_set,
        min(record_id) as original_id
    from (
        select
            text_hash,
            rule_set,
            record_id
        from past
        where outcome = 'rejected'
        union all
        select
            text_hash,
            rule_set,
            record_id
        from pending
        where reasons is not null
    ) as rejected
    group by
        text_hash,
        rule_set

),

all_repeats as (

    select * from repeats_of_place
    union all
    select * from repeats_of_deletions
    union all
    select
        record_id,
        attempt,
        original_id
    from late_deletions
    where is_under_same_rules
    union all
    select * from repeats_of_content
    union all
    select
        pending.record_id,
        pending.attempt,
        first_rejected.original_id
    from pending
    inner join first_rejected
        on first_rejected.text_hash = pending.text_hash
        and first_rejected.rule_set = pending.rule_set
    where pending.reasons is not null
        and first_rejected.original_id <> pending.record_id

),

repeats as (

    select
        record_id,
        attempt,
        min(original_id) as original_id
    from all_repeats
    group by
        record_id,
        attempt

),

twins as (

    select
        record_id,
        min(arrival) as arrived_as
    from (
        select * from twins_of_content
        union all
        select * from twins_of_other_kind
        union all
        select
            record_id,
            arrival
        from late_deletions
        where not is_under_same_rules
        union all
        select
            record_id,
            deletion_before_arrival as arrival
        from deletions
        where is_new
            and deletion_before_content_hash = content_hash
            and deletion_before_rule_set <> rule_set
            {%- if not order_time(contract) %}
            -- without an event time, only the latest record of a source and key can be repeated
            and previous_record_id = deletion_before_record_id
            {%- endif %}
        union all
        select
            pending.record_id,
            coalesce(twin_decisions.arrived_as, twin_decisions.original_id) as arrival
        from pending
        inner join twin_decisions
            on twin_decisions.record_id = pending.twin_id
        -- of a duplicate, too: the next version of its file asks for its place
    ) as all_twins
    group by record_id

)
{%- endmacro %}

