{#
    For find_repeats: the CTEs up to `repeats_of_content`, `twins_of_content` and
    `twins_of_other_kind`, the records whose source has said the same before, under the same rules
    or under others. Reads the CTEs that divide_by_deletions gives.

    contract: as contract() returns it.
#}
{% macro repeats_of_content(contract) -%}
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

)
{%- else -%}
-- without an event time, arrival gives the order, so only the latest record of a source and key
-- can be repeated: shipped, returned, shipped ends as shipped
of_the_latest as (

    select
        followers.*,
        coalesce(
            followers.is_new
            and not followers.is_deletion
            and followers.previous_content_hash = followers.content_hash
            and coalesce(divided.part, 0) = coalesce(divided_before.part, 0),
            false
        ) as says_the_same
    from followers
    left join divided
        on divided.record_id = followers.record_id
    left join divided as divided_before
        on divided_before.record_id = followers.previous_record_id

),

-- of several in a row that say the same, the first is what the others repeat
in_series as (

    select
        of_the_latest.*,
        count(case when not says_the_same or previous_rule_set <> rule_set then 1 end) over (
            partition by source, key_hash
            order by arrival, record_id
            rows between unbounded preceding and current row
        ) as series
    from of_the_latest

),

repeats_of_content as (

    select
        record_id,
        attempt,
        original_id
    from (
        select
            in_series.*,
            first_value(record_id) over (
                partition by source, key_hash, series
                order by arrival, record_id
            ) as original_id
        from in_series
    ) as named
    where original_id <> record_id

),

twins_of_content as (

    select
        record_id,
        previous_arrival as arrival
    from of_the_latest
    where says_the_same
        and previous_rule_set <> rule_set
        and not previous_is_new

)
{%- endif %},

twins_of_other_kind as (

    -- what was a deletion under the rules of then is none now, or the reverse
    select
        followers.record_id,
        standing.arrival
    from followers
    inner join standing
        on standing.content_hash = followers.content_hash
        and standing.rule_set <> followers.rule_set
        and standing.is_deletion <> followers.is_deletion
    left join divided
        on divided.record_id = followers.record_id
    left join divided as divided_before
        on divided_before.record_id = standing.record_id
    left join dividing
        on dividing.record_id = standing.record_id
    where followers.is_new
        and not standing.is_new
        and coalesce(divided.part, 0)
            = coalesce(divided_before.part, 0)
            + case when dividing.record_id is null then 0 else 1 end
        {%- if not order_time(contract) %}
        and standing.record_id = followers.previous_record_id
        {%- endif %}

)
{%- endmacro %}
