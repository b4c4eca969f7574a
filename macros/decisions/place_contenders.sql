{#
    For decide_records: the CTEs up to `placed`, one row per new record that may become the row of
    its key. It has the record's place among all that may (1 is the greatest), greatest_id, held_id
    (the row of the key before this run), greater_held_id (the same, if it is the greater one) and
    is_tie. Reads the CTEs `sorted_out` and `past`.

    contract: as contract() returns it.
#}
{% macro place_contenders(contract) -%}
{#- the row of the key comes before its equal -#}
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

-- what may be the row of a key: what was so before this run, and this run's records
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
        -- set for all that come after the row of the key in the order
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
