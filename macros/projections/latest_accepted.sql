{#
    The latest accepted record of each source and key, whether or not it is the row of its key: what
    sources are compared by.

    entity: the entity's name.
#}
{% macro latest_accepted(entity) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set columns = [
    'source', 'record_key', 'key_hash', 'record_id', 'event_time', 'content_hash',
] -%}
{%- for name, column in contract.columns.items() if column.reconcile -%}
    {%- do columns.append(name) -%}
    {%- if column.type in ['json', 'number', 'integer'] -%}
        {%- do columns.append(name ~ '_comparable') -%}
    {%- endif -%}
{%- endfor -%}
with

checked as (

    select * from {{ ref('int_' ~ entity ~ '__checked') }}

),

decisions as (

    select * from {{ ref(entity ~ '_decisions') }}

),

accepted as (

    select
        {%- for column in columns %}
        checked.{{ column }},
        {%- endfor %}
        {{ hash_number("checked.source || ':' || checked.record_key") }} as source_key_hash,
        1 as is_new
    from checked
    inner join decisions
        on decisions.record_id = checked.record_id
        and decisions.attempt = checked.attempt
    where {{ is_accepted('decisions.outcome') }}
        and decisions.load_id in (select load_id from checked)

),

candidates as (

    select * from accepted
    {%- if is_incremental() %}
    union all
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        source_key_hash,
        0 as is_new
    from {{ this }}
    where source_key_hash in (select source_key_hash from accepted)
        and not ({{ nothing_completed(entity) }})
    {%- endif %}

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by source_key_hash, source, record_key
            order by {{ greatest_first(contract, 'candidates') }}, record_id desc, is_new desc
        ) as recency
    from candidates

)

select
    {{ columns | join(',\n    ') }},
    source_key_hash
from ranked
where recency = 1
{% endmacro %}
