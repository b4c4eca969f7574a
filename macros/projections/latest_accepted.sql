{#
    The latest accepted record of each source and key, whether or not it is the row of its key: what
    sources are compared by.

    entity: the entity's name.
#}
{% macro latest_accepted(entity) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set shared = [
    'source', 'record_key', 'key_hash', 'record_id', 'event_time', 'arrived_as', 'is_deletion',
    'landed_at',
] -%}
{%- set own = [] -%}
{%- for name, column in contract.columns.items() if column.reconcile -%}
    {%- do own.append(name) -%}
    {%- if column.type in ['json', 'number', 'integer'] -%}
        {%- do own.append(name ~ '_comparable') -%}
    {%- endif -%}
{%- endfor -%}
with

checked as (

    select * from {{ ref('int_' ~ entity ~ '__checked') }}

),

-- by its last decision
decided as (

    select
        source,
        load_id,
        row_number,
        record_id,
        attempt,
        record_key,
        key_hash,
        event_time,
        arrived_as,
        is_deletion
    from {{ last_decisions(
        ref(entity ~ '_decisions'),
        [
            'source', 'load_id', 'row_number', 'record_id', 'attempt', 'record_key', 'key_hash',
            'event_time', 'arrived_as', 'is_deletion', 'outcome',
        ],
        'decided.load_id in (select load_id from checked)',
    ) | indent(4) }}
    where {{ is_accepted('outcome') }}

),

accepted as (

    select
        {%- for column in shared if column != 'landed_at' %}
        decided.{{ column }},
        {%- endfor %}
        loads.landed_at,
        {%- for column in own %}
        checked.{{ column }},
        {%- endfor %}
        {{ hash_number("decided.source || ':' || decided.record_key") }} as source_key_hash,
        1 as is_new
    from decided
    inner join {{ source('raw', 'loads') }} as loads
        on loads.load_id = decided.load_id
    left join checked
        on checked.record_id = decided.record_id
        and checked.attempt = decided.attempt
    -- a deletion that a full delivery implies has no record
    where checked.record_id is not null or decided.row_number is null

),

candidates as (

    select * from accepted
    {%- if is_incremental() %}
    union all
    select
        {%- for column in shared + own %}
        {{ column }},
        {%- endfor %}
        source_key_hash,
        0 as is_new
    from {{ this }}
    where source_key_hash in (select source_key_hash from accepted)
        and key_hash not in (
            select key_hash from ({{ reprocessed_keys(entity) }}) as reprocessed
            where key_hash is not null
        )
        and not ({{ nothing_completed(entity) }})
    {%- endif %}

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by source_key_hash, source, record_key
            order by {{ greatest_first(contract, 'candidates') }}, is_new desc
        ) as recency
    from candidates

)

select
    {{ (shared + own) | join(',\n    ') }},
    source_key_hash
from ranked
where recency = 1
{% endmacro %}
