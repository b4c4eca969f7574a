{#
    For decide_records: the CTEs up to `placed` and `ties`. Reads `sorted_out`, `past` and, where a
    full delivery implies deletions, `implied`.

    placed: one row per new record that may become the row of its key, with its place among all that
            may (1 is the greatest), greatest_id, held_id (what the key held before this run) and
            greater_held_id (the same, if it is the greater one).
    ties:   record_id of each whose event time another content of its key has, held or not.

    contract:          as contract() returns it.
    implies_deletions: whether there is a CTE `implied`.
#}
{% macro place_contenders(contract, implies_deletions) -%}
{%- set ordered = greatest_first(contract, 'contenders') -%}
{%- set columns = ['record_id', 'key_hash', 'source', 'event_time', 'arrived_as'] -%}
held as (

    select past.*
    from past
    left join past as displacing
        on displacing.other_record_id = past.record_id
        and displacing.outcome = 'applied'
    where past.outcome = 'applied'
        and displacing.record_id is null

),

-- what may be the row of a key, or its deletion: what was so before this run, and what is new
contenders as (

    select
        {{ columns | join(',
        ') }},
        false as is_held
    from sorted_out
    where early_outcome is null
    union all
    select
        {{ columns | join(',
        ') }},
        true as is_held
    from held
    {%- if implies_deletions %}
    union all
    select
        record_id,
        key_hash,
        source,
        cast(null as timestamp) as event_time,
        cast(null as bigint) as arrived_as,
        false as is_held
    from implied
    {%- endif %}

),

ranked as (

    select
        record_id,
        is_held,
        row_number() over (partition by key_hash order by {{ ordered }}) as place,
        first_value(record_id) over (
            partition by key_hash order by {{ ordered }}
        ) as greatest_id,
        max(case when is_held then record_id end) over (partition by key_hash) as held_id,
        -- set for all that come after the row of the key in the order
        max(case when is_held then record_id end) over (
            partition by key_hash order by {{ ordered }}
            rows between unbounded preceding and current row
        ) as greater_held_id
    from contenders

),

placed as (

    select * from ranked where not is_held

),

ties as (

    {% if order_time(contract) -%}
    select distinct contending.record_id
    from sorted_out as contending
    inner join (
        select
            record_id,
            key_hash,
            source,
            event_time,
            content_hash,
            arrived_as
        from past
        where {{ is_accepted('outcome') }}
        union all
        select
            record_id,
            key_hash,
            source,
            event_time,
            content_hash,
            arrived_as
        from sorted_out
        where early_outcome is null
    ) as other
        on other.key_hash = contending.key_hash
        and other.event_time = contending.event_time
        and other.content_hash <> contending.content_hash
    where contending.early_outcome is null
        -- under other rules, what stands at the same place has another content
        and coalesce(other.arrived_as, other.record_id)
            <> coalesce(contending.arrived_as, contending.record_id)
    {%- else -%}
    select cast(null as bigint) as record_id
    where 1 = 0
    {%- endif %}

)
{%- endmacro %}
