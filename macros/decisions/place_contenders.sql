{#
    For decide_records: the CTEs up to `placed`, which has of every candidate for a key its place
    among all that stand for the key: place (1 is the greatest), greatest_id, held_id (the record
    that held the key before this run), greater_held_id (the same, where it is the greater) and
    is_tie. They read the CTEs `sorted_out` and `past`.

    contract: as contract() returns it.
#}
{% macro place_contenders(contract) -%}
{#- what is held stands before its equal -#}
{%- set ordered = greatest_first(contract) ~ ', is_held desc, record_id' -%}
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
        on displacing.other_record_id = past.record_id
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

)
{%- endmacro %}
