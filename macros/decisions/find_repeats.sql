{#
    For decide_records: the CTEs up to `repeats`, which has record_id, attempt and original_id of
    every pending record whose source has sent the same before. Digests cover the source, so equal
    digests are of one source. Reads the CTEs `pending` and `past`.

    contract: as contract() returns it.
#}
{% macro find_repeats(contract) -%}
known as (

    select
        sameness,
        min(record_id) as original_id
    from past
    where outcome <> 'duplicate'
    group by sameness

),

{% if contract.event_time -%}
accepted_repeats as (

    -- the same content at any time before, or earlier in this run
    select
        pending.record_id,
        pending.attempt,
        known.original_id
    from pending
    inner join known
        on known.sameness = pending.content_hash
    where known.original_id <> pending.record_id

),
{%- else -%}
placed_rows as (

    select
        source,
        key_hash,
        record_key,
        record_id,
        content_hash,
        case when reasons is null then record_id end as accepted_id
    from pending
    where record_key is not null
    union all
    select
        source,
        key_hash,
        record_key,
        record_id,
        content_hash,
        record_id as accepted_id
    from past
    where {{ is_accepted('outcome') }}

),

followers as (

    select
        record_id,
        content_hash,
        max(accepted_id) over (
            partition by source, key_hash, record_key order by record_id
            rows between unbounded preceding and 1 preceding
        ) as latest_id
    from placed_rows

),

accepted_repeats as (

    -- without an event time, arrival gives the order, so only the latest record of a source and
    -- key can be repeated: shipped, returned, shipped ends as shipped
    select
        pending.record_id,
        pending.attempt,
        followers.latest_id as original_id
    from pending
    inner join followers
        on followers.record_id = pending.record_id
    inner join placed_rows as latest
        on latest.record_id = followers.latest_id
        and latest.content_hash = followers.content_hash

),
{%- endif %}

within_run as (

    select
        sameness,
        min(record_id) as original_id
    from pending
    {%- if not contract.event_time %}
    where reasons is not null
    {%- endif %}
    group by sameness
    having count(*) > 1

),

all_repeats as (

    select * from accepted_repeats
    union all
    -- a rejected record again
    select
        pending.record_id,
        pending.attempt,
        known.original_id
    from pending
    inner join known
        on known.sameness = pending.rejection_hash
    where known.original_id <> pending.record_id
    union all
    select
        pending.record_id,
        pending.attempt,
        within_run.original_id
    from pending
    inner join within_run
        on within_run.sameness = pending.sameness
    where within_run.original_id <> pending.record_id

),

repeats as (

    select
        record_id,
        attempt,
        min(original_id) as original_id
    from all_repeats
    group by record_id, attempt

)
{%- endmacro %}
