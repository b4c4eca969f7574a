{#
    The target is a projection of the decisions: one row for each key ever applied, and it is the
    greatest of the records applied. Where this build displaced a row, the keys are compared one
    by one; the whole by its number and the sum of its identities, which no lost, doubled or
    exchanged row leaves as they are, and which cost little whatever the history. One row per
    breach.

    model:  the last model of the entity's chain.
    entity: the entity of the target.
#}
{% test holds_the_greatest_of_each_key(model, entity) %}
{%- set contract = contract(entity) -%}
{%- set totals -%}
    -- an applied record names the one that it displaced, so what is left of them is the target
    select
        displacing.expected_rows,
        held.found_rows
    from (
        select
            count(*) - count(rival_id) as expected_rows,
            sum(record_id % 1000000007) - coalesce(sum(rival_id % 1000000007), 0) as expected_sum
        from {{ ref(entity ~ '_decisions') }}
        where outcome = 'applied'
    ) as displacing
    cross join (
        select
            count(*) as found_rows,
            sum(record_id % 1000000007) as found_sum
        from {{ ref(entity) }}
    ) as held
    where displacing.expected_rows <> held.found_rows
        or displacing.expected_sum is distinct from held.found_sum
{%- endset -%}
{#- asked beforehand, so that where all is well no more is read -#}
{%- set is_asked = execute and flags.WHICH in ['build', 'test'] -%}
{%- set may_be_uneven = not is_asked or run_query(totals) | length > 0 -%}
with

last_run as (

    select max(run_id) as run_id
    from {{ source('ops', 'loads_finished') }}
    where entity = '{{ entity }}'

),

touched as (

    -- where a record of the loads that were finished last displaced another
    select key_hash
    from {{ ref(entity ~ '_decisions') }}
    where outcome = 'applied'
        and rival_id is not null
        and load_id in (
            select finished.load_id
            from {{ source('ops', 'loads_finished') }} as finished
            inner join last_run
                on last_run.run_id = finished.run_id
            where finished.entity = '{{ entity }}'
        )
    union all
    -- or one that was decided again since
    select decisions.key_hash
    from {{ ref(entity ~ '_decisions') }} as decisions
    inner join {{ source('ops', 'redrive_requests') }} as redrives
        on redrives.record_id = decisions.record_id
        and redrives.attempt = decisions.attempt
    cross join last_run
    where decisions.outcome = 'applied'
        and decisions.rival_id is not null
        and redrives.entity = '{{ entity }}'
        and decisions.run_id >= last_run.run_id
    {%- if may_be_uneven %}
    -- something is wrong, so every row is looked at
    union all
    select key_hash
    from {{ ref(entity ~ '_decisions') }}
    where outcome = 'applied'
    union all
    select key_hash
    from {{ ref(entity) }}
    {%- endif %}

),

decisions as (

    select
        source,
        record_key,
        key_hash,
        record_id,
        event_time,
        content_hash
    from {{ ref(entity ~ '_decisions') }}
    where outcome = 'applied'
        and key_hash in (select key_hash from touched)

),

applied as (

    select
        record_key,
        key_hash,
        count(*) as times,
        max(record_id) as record_id
    from decisions
    group by
        record_key,
        key_hash

),

-- only where a key was applied more than once is there anything to rank
ranked as (

    select
        decisions.record_key,
        decisions.key_hash,
        decisions.record_id,
        row_number() over (
            partition by decisions.key_hash, decisions.record_key
            order by {{ preference_rank(contract, 'decisions') }},
            {%- if contract.event_time %}
            decisions.event_time desc, decisions.content_hash desc,
            {%- endif %}
            decisions.record_id desc
        ) as recency
    from decisions
    inner join applied
        on applied.key_hash = decisions.key_hash
        and applied.record_key = decisions.record_key
        and applied.times > 1

),

expected as (

    select
        record_key,
        key_hash,
        record_id
    from applied
    where times = 1
    union all
    select
        record_key,
        key_hash,
        record_id
    from ranked
    where recency = 1

),

target_rows as (

    select
        {{ contract.key }} as record_key,
        key_hash,
        count(*) as rows_of_key,
        max(record_id) as record_id
    from {{ ref(entity) }}
    where key_hash in (select key_hash from touched)
    group by
        {{ contract.key }},
        key_hash

),

wrong as (

    select
        coalesce(expected.record_key, target_rows.record_key) as record_key,
        expected.record_id as expected_record_id,
        target_rows.record_id as found_record_id,
        target_rows.rows_of_key
    from expected
    full outer join target_rows
        on target_rows.key_hash = expected.key_hash
        and target_rows.record_key = expected.record_key
    where expected.record_id is distinct from target_rows.record_id
        or target_rows.rows_of_key > 1

)

select * from wrong
{%- if may_be_uneven %}
union all
select
    'unknown, of the target as a whole' as record_key,
    uneven.expected_rows as expected_record_id,
    uneven.found_rows as found_record_id,
    null as rows_of_key
from ({{ totals }}) as uneven
where (select count(*) from wrong) = 0
{%- endif %}
{% endtest %}
