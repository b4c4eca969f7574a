{#
    A query for what an entity has lost of its records: rows that the ledger counts and raw has not,
    that raw has and nobody decided, that were rejected and are no dead letter; and loads that are
    not finished. One row per breach and load, which names it.

    entity: the entity whose sources are counted.
    loads:  a query for the loads that are looked at; none: all. All must be finished in any case.
#}
{% macro unaccounted_records(entity, loads=none) %}
{%- set among = 'load_id in (' ~ loads ~ ')' if loads else '1 = 1' -%}
with

loads as (

    select * from {{ source('raw', 'loads') }}
    where source in ('{{ sources_of(entity) | join("', '") }}')
        and {{ among }}

),

raw_rows as (

    {% for source_name in sources_of(entity) -%}
    select
        load_id,
        count(*) as found
    from {{ source('raw', source_name) }}
    where {{ among }}
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

    -- a deletion that a full delivery implies has no row
    select
        load_id,
        count(row_number) as found
    from {{ ref(entity ~ '_decisions') }}
    where attempt = 1
        and {{ among }}
    group by load_id

),

-- each counted by itself: the engine then passes over the blocks that hold none
rejected_rows as (

    select
        load_id,
        count(*) as found
    from {{ ref(entity ~ '_decisions') }}
    where outcome = 'rejected'
        and {{ among }}
    group by load_id

),

-- under the policy dead_letter, late records are dead letters, too
dead_letters as (

    select
        load_id,
        count(*) as found
    from {{ ref(entity ~ '_decisions') }}
    where is_dead_letter
        and outcome <> 'late'
        and {{ among }}
    group by load_id

),

completed as (

    select load_id from {{ source('ops', 'completed_loads') }}
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
    inner join completed
        on completed.load_id = loads.load_id
    left join decided_rows
        on decided_rows.load_id = loads.load_id
    where loads.rows <> coalesce(decided_rows.found, 0)
    union all
    select
        'the dead letters are not the rows rejected' as breach,
        coalesce(rejected_rows.load_id, dead_letters.load_id) as load_id,
        coalesce(rejected_rows.found, 0) as expected,
        coalesce(dead_letters.found, 0) as found
    from rejected_rows
    full outer join dead_letters
        on dead_letters.load_id = rejected_rows.load_id
    where coalesce(rejected_rows.found, 0) <> coalesce(dead_letters.found, 0)
    union all
    select
        'a dead letter is not noted' as breach,
        decisions.load_id,
        count(*) as expected,
        0 as found
    from {{ ref(entity ~ '_decisions') }} as decisions
    left join {{ source('ops', 'dead_letter_log') }} as noted
        on noted.entity = '{{ entity }}'
        and noted.text_hash = decisions.text_hash
    where decisions.is_dead_letter
        and noted.text_hash is null
        and {{ among }}
    group by decisions.load_id
    {%- if stage_is_on('adapt') %}
    union all
    select
        'the load is not finished' as breach,
        unfinished.load_id,
        unfinished.rows as expected,
        coalesce(decided_rows.found, 0) as found
    from (
        {{ unfinished_loads(entity, everything=false) | indent(8) }}
    ) as unfinished
    left join decided_rows
        on decided_rows.load_id = unfinished.load_id
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
left join {{ source('raw', 'loads') }} as loads
    on loads.load_id = breaches.load_id
{% endmacro %}
