{#
    Nothing is lost: what the ledger says landed stands in raw, what stands in raw is decided,
    each rejection is a letter, and no load is left behind. One row per breach, which names it.

    model:  the last model of the entity's chain, whose hook finishes the loads.
    entity: the entity whose sources are counted.
#}
{% test accounts_for_every_record(model, entity) %}
with

loads as (

    select * from {{ source('raw', 'loads') }}
    where source in ('{{ sources_of(entity) | join("', '") }}')

),

raw_rows as (

    {% for source_name in sources_of(entity) -%}
    select
        load_id,
        count(*) as found
    from {{ source('raw', source_name) }}
    group by load_id
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as bigint) as load_id,
        cast(null as bigint) as found
    where 1 = 0
    {% endfor %}
),

decided_rows as (

    select
        load_id,
        count(*) as found,
        count(*) filter (where is_letter) as letters,
        -- under the policy dead_letter what is late is a letter, too
        count(*) filter (
            where outcome = 'rejected' or (outcome = 'late' and is_letter)
        ) as due_letters
    from {{ ref(entity ~ '_decisions') }}
    where attempt = 1
    group by load_id

),

finished as (

    select load_id from {{ source('ops', 'loads_finished') }}
    where entity = '{{ entity }}'
        and part = 'target'

),

breaches as (

    select
        'raw does not hold the rows of the ledger' as breach,
        coalesce(loads.load_id, raw_rows.load_id) as load_id,
        coalesce(loads.rows, 0) as expected,
        coalesce(raw_rows.found, 0) as found
    from loads
    full outer join raw_rows
        on raw_rows.load_id = loads.load_id
    where coalesce(loads.rows, 0) <> coalesce(raw_rows.found, 0)
    union all
    select
        'not every row of a finished load is decided' as breach,
        loads.load_id,
        loads.rows as expected,
        coalesce(decided_rows.found, 0) as found
    from loads
    inner join finished
        on finished.load_id = loads.load_id
    left join decided_rows
        on decided_rows.load_id = loads.load_id
    where loads.rows <> coalesce(decided_rows.found, 0)
    union all
    select
        'the dead letters are not the rows rejected' as breach,
        load_id,
        due_letters as expected,
        letters as found
    from decided_rows
    where due_letters <> letters
    {%- if stage_is_on('adapt') %}
    union all
    select
        'the load is not finished' as breach,
        loads.load_id,
        loads.rows as expected,
        coalesce(decided_rows.found, 0) as found
    from loads
    left join finished
        on finished.load_id = loads.load_id
    left join decided_rows
        on decided_rows.load_id = loads.load_id
    where loads.status = 'landed'
        and loads.rows > 0
        and finished.load_id is null
    {%- endif %}

)

select
    breaches.breach,
    breaches.load_id,
    loads.source,
    loads.file,
    breaches.expected,
    breaches.found
from breaches
left join loads
    on loads.load_id = breaches.load_id
{% endtest %}
