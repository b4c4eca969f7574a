{#
    A query for the loads of an entity's registered sources whose rows have not all reached its
    projections: a set, never a maximum, so that a load finished out of order hides no other.
    Under --full-refresh: every load that landed.

    entity: the entity's name.
    part:   'target', or 'reconciliation', which may be switched off and then catches up later.
    everything: every load that landed, finished or not; by default so under --full-refresh.
#}
{% macro unfinished_loads(entity, part='target', everything=none) %}
{%- set everything = rebuilding() if everything is none else everything -%}
{%- set names = sources_of(entity) -%}
select landed.load_id
from {{ source('raw', 'loads') }} as landed
{%- if not everything %}
left join {{ source('ops', 'completed_loads') }} as finished
    on finished.entity = '{{ entity }}'
    and finished.part = '{{ part }}'
    and finished.load_id = landed.load_id
{%- endif %}
where landed.status = 'landed'
    and landed.rows > 0
    and landed.source in ('{{ names | join("', '") }}')
{%- if not everything %}
    and finished.load_id is null
{%- endif %}
{%- endmacro %}
