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
    {%- if column.type == 'json' or column.sensitive == 'mask' or is_number(column.type) -%}
        {%- do own.append(name ~ '_comparable') -%}
    {%- endif -%}
{%- endfor -%}
with

checked as (

    select * from {{ ref('int_' ~ entity ~ '__checked') }}

),

accepted as (

    select
        {%- for column in shared %}
        {{ {'arrived_as': 'decided', 'landed_at': 'loads'}.get(column, 'checked') }}.{{ column }},
        {%- endfor %}
        {%- for column in own %}
        checked.{{ column }},
        {%- endfor %}
        {{ hash_number("checked.source || ':' || checked.record_key") }} as source_key_hash,
        1 as is_new
    from checked
    inner join {{ last_decisions(
        ref(entity ~ '_decisions'),
        ['record_id', 'attempt', 'load_id', 'outcome', 'arrived_as'],
        'decided.load_id in (select load_id from checked)',
        'decided',
    ) | indent(4) }}
        on decided.record_id = checked.record_id
        and decided.attempt = checked.attempt
    left join {{ source('raw', 'loads') }} as loads
        on loads.load_id = checked.load_id
    where {{ is_accepted('decided.outcome') }}
    {%- if is_delivered_in_full(entity) %}
    union all
    -- a deletion that a full delivery implies has no record
    select
        {%- for column in shared %}
        {{ 'loads' if column == 'landed_at' else 'implied' }}.{{ column }},
        {%- endfor %}
        {%- for column in own %}
        null as {{ column }},
        {%- endfor %}
        {{ hash_number("implied.source || ':' || implied.record_key") }} as source_key_hash,
        1 as is_new
    from {{ ref(entity ~ '_decisions') }} as implied
    left join {{ source('raw', 'loads') }} as loads
        on loads.load_id = implied.load_id
    where implied.row_number is null
        and implied.load_id in (select load_id from checked)
    {%- endif %}

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
        and not ({{ takes_up_everything(entity) }})
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
