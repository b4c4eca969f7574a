{#
    A statement that notes the rows of a target which a projection is about to replace or take out.
    They have no end until end_states has seen what came instead. What a run that was stopped has
    noted of a key stays, since the target may have changed after that.

    entity: the entity whose history it is.
    target: its target.
    rows:   a relation with those rows, or a query for them in parentheses.
#}
{% macro note_displaced(entity, target, rows) %}
{%- set ended = ref('int_' ~ entity ~ '__ended') -%}
{%- set columns = _kept_columns(target, ended) | join(', ') -%}
insert into {{ ended }} ({{ columns }}, started_at)
select
    {{ 'displaced.' ~ columns.replace(', ', ',\n    displaced.') }},
    coalesce(kept.started_at, displaced.applied_at) as started_at
from {{ rows }} as displaced
left join {{ source('ops', 'kept_starts') }} as kept
    on kept.entity = '{{ entity }}'
    and kept.key_hash = displaced.key_hash
where displaced.key_hash not in (select key_hash from {{ ended }} where ended_at is null)
{%- endmacro %}


{#- A column that the contract has no more stays in both, and its values with it. -#}
{% macro _kept_columns(target, ended) %}
    {% if not execute %}
        {{ return(['key_hash']) }}
    {% endif %}
    {% set held = adapter.get_columns_in_relation(target) | map(attribute='name') | list %}
    {% set kept = adapter.get_columns_in_relation(ended) | map(attribute='name') %}
    {{ return(kept | select('in', held) | list) }}
{% endmacro %}
