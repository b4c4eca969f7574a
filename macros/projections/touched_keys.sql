{#
    A query for the digests of the keys whose sources are to be compared in this run: what is new or
    decided again is about them, or other sources take part than before.

    entity: the entity's name.
#}
{% macro touched_keys(entity) -%}
select key_hash
from {{ ref(entity ~ '_decisions') }}
where load_id in (
    select load_id from (
        {{ unfinished_loads(entity, 'reconciliation') | indent(8) }}
    ) as unfinished
)
union
select key_hash
from {{ ref('int_' ~ entity ~ '__checked') }}
union
{{ reprocessed_keys(entity) }}
union
select key_hash
from {{ ref('int_' ~ entity ~ '__accepted') }}
where (
    select max(compared) from {{ source('ops', 'entity_orders') }} where entity = '{{ entity }}'
) is distinct from {{ compared_sources(entity) | indent(4) }}
{%- endmacro %}
