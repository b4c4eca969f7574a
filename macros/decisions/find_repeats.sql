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

-- what can be repeated, by content: all that keeps the contract
standing as (

    select
        pending.record_id,
        pending.attempt,
        pending.source,
        pending.key_hash,
        pending.record_key,
        pending.content_hash,
        pending.rule_set,
        coalesce(twin_decisions.arrived_as, twin_decisions.original_id, pending.record_id)
            as arrival,
        pending.is_deletion and not coalesce({{ _is_late('pending') | indent(8) }}, false)
            as is_deletion,
        true as is_new
    from pending
    left join settings
        on settings.source = pending.source
    left join watermarks
        on watermarks.source = pending.source
    left join repeats_of_place
        on repeats_of_place.record_id = pending.record_id
    left join twin_decisions
        on twin_decisions.record_id = pending.twin_id
    where pending.reasons is null
        and pending.record_key is not null
        and repeats_of_place.record_id is null
    union all
    select
        record_id,
        attempt,
        source,
        key_hash,
        record_key,
        content_hash,
        rule_set,
        coalesce(arrived_as, record_id) as arrival,
        is_deletion and {{ is_accepted('outcome') }} as is_deletion,
        false as is_new
    from past
    where outcome not in ('duplicate', 'rejected')
    {%- if implies_deletions %}
    union all
    select
        record_id,
        1 as attempt,
        source,
        key_hash,
        record_key,
        cast(null as decimal(38, 0)) as content_hash,
        rule_set,
        record_id as arrival,
        true as is_deletion,
        false as is_new
    from implied
    {%- endif %}

),

followers as (

    select
        standing.*,
        {%- for column in ['record_id', 'content_hash', 'rule_set', 'arrival', 'is_new'] %}
        lag({{ column }}) over (
            partition by source, key_hash, record_key order by arrival, record_id
        ) as previous_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from standing

),

deletions as (

    select
        followers.*,
        {%- for column in ['record_id', 'content_hash', 'rule_set', 'arrival'] %}
        lag({{ column }}) over (
            partition by key_hash, record_key order by record_id
        ) as deletion_before_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from followers
    where is_deletion

),

-- those that are no repeats themselves: behind one, nothing repeats what was before it
dividing as (

    select * from deletions
    where deletion_before_content_hash is distinct from content_hash
        or deletion_before_rule_set is distinct from rule_set
        {%- if not order_time(contract) %}
        or previous_record_id is distinct from deletion_before_record_id
        {%- endif %}

),

divided as (

    select
        standing.record_id,
        count(*) as part,
        max(dividing.record_id) as last_deletion_id
    from standing
    inner join dividing
        on dividing.key_hash = standing.key_hash
        and dividing.record_key = standing.record_key
        and dividing.record_id < standing.record_id
    group by standing.record_id

),

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

{% if order_time(contract) -%}
parts as (

    select
        standing.*,
        coalesce(divided.part, 0) as part
    from standing
    left join divided
        on divided.record_id = standing.record_id
    where not standing.is_deletion

),

first_said as (

    select
        content_hash,
        rule_set,
        part,
        is_new,
        min(record_id) as original_id,
        min(arrival) as arrival
    from parts
    group by
        content_hash,
        rule_set,
        part,
        is_new

),

repeats_of_content as (

    -- the same content at any time before, or earlier in this run
    select
        parts.record_id,
        parts.attempt,
        first_said.original_id
    from parts
    inner join first_said
        on first_said.content_hash = parts.content_hash
        and first_said.rule_set = parts.rule_set
        and first_said.part = parts.part
    where parts.is_new
        and (not first_said.is_new or first_said.original_id < parts.record_id)

),

twins_of_content as (

    select
        parts.record_id,
        first_said.arrival
    from parts
    inner join first_said
        on first_said.content_hash = parts.content_hash
        and first_said.rule_set <> parts.rule_set
        and first_said.part = parts.part
    where parts.is_new
        and not first_said.is_new

),
{%- else -%}
-- without an event time, arrival gives the order, so only the latest record of a source and key
-- can be repeated: shipped, returned, shipped ends as shipped
of_the_latest as (

    select followers.*
    from followers
    left join divided
        on divided.record_id = followers.record_id
    left join divided as divided_before
        on divided_before.record_id = followers.previous_record_id
    where followers.is_new
        and not followers.is_deletion
        and followers.previous_content_hash = followers.content_hash
        and coalesce(divided.part, 0) = coalesce(divided_before.part, 0)

),

repeats_of_content as (

    select
        record_id,
        attempt,
        previous_record_id as original_id
    from of_the_latest
    where previous_rule_set = rule_set

),

twins_of_content as (

    select
        record_id,
        previous_arrival as arrival
    from of_the_latest
    where previous_rule_set <> rule_set
        and not previous_is_new

),
{%- endif %}

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
        select
            record_id,
            deletion_before_arrival as arrival
        from deletions
        where is_new
            and deletion_before_content_hash = content_hash
            and deletion_before_rule_set <> rule_set
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

