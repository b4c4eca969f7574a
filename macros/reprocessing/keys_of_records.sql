{#
    A query for all decided records of an entity with the key that they were decided by and the one
    that the present rules give them. Only where the rules have changed is the record itself read.

    entity: the entity's name.

    Columns: record_id, attempt, source, landed_at, outcome, key_hash, is_outdated (decided under
    other rules than the present), new_key_hash (NULL where the source is registered no more).
#}
{% macro keys_of_records(entity) -%}
{%- set contract = contract(entity) -%}
{%- set decided -%}
{{ last_decisions(
    warehouse_relation('ops', entity ~ '_decisions'),
    ['record_id', 'attempt', 'source', 'load_id', 'outcome', 'key_hash', 'rule_set', 'row_number'],
    'decided.row_number is not null',
    'decided',
) | indent(4) }}
{%- endset -%}
with

present as (

    {{ current_rule_sets(entity) | indent(4) }}

),

settings as (

    select
        settings_now.source,
        {{ null_texts('settings_now') }} as null_texts
    from {{ source('raw', 'sources') }} as settings_now

),

renamed as (

    select
        unioned.record_id,
        {{ staged_key_hash(contract, 'unioned') | indent(8) }} as key_hash
    from {{ ref('int_' ~ entity ~ '__unioned') }} as unioned
    inner join (
        select decided.record_id
        from {{ decided }}
        left join present
            on present.rule_set = decided.rule_set
        where present.rule_set is null
    ) as outdated
        on outdated.record_id = unioned.record_id
    left join settings
        on settings.source = unioned.source

)

select
    decided.record_id,
    decided.attempt,
    decided.source,
    loads.landed_at,
    decided.outcome,
    decided.key_hash,
    present.rule_set is null as is_outdated,
    case when present.rule_set is null then renamed.key_hash else decided.key_hash end
        as new_key_hash
from {{ decided }}
inner join {{ source('raw', 'loads') }} as loads
    on loads.load_id = decided.load_id
left join present
    on present.rule_set = decided.rule_set
left join renamed
    on renamed.record_id = decided.record_id
{%- endmacro %}
