{#
    A query for the loads of registered sources whose records are not all in the projections of
    their entity. It compares sets, never maxima: a load completed out of order hides no other.

    entity:     the entity's name; its sources are those of `vars: sources`. none: all entities,
                with the sources that the hub command last found registered.
    part:       'target', or 'reconciliation', which may be switched off and then catches up later.
    everything: whether completed loads count, too; by default only under --full-refresh.

    Columns: entity, load_id, source, file, size (in bytes), rows.
#}
{% macro unfinished_loads(entity, part='target', everything=none) %}
{%- set everything = rebuilding() if everything is none else everything -%}
{%- set its_entity = "'" ~ entity ~ "'" if entity else 'registered.entity' -%}
select
    {{ its_entity }} as entity,
    landed.load_id,
    landed.source,
    landed.file,
    landed.size,
    landed.rows
from {{ source('raw', 'loads') }} as landed
{%- if not entity %}
inner join {{ source('raw', 'sources') }} as registered
    on registered.source = landed.source
{%- endif %}
{%- if not everything %}
left join {{ source('ops', 'completed_loads') }} as completed
    on completed.entity = {{ its_entity }}
    and completed.part = '{{ part }}'
    and completed.load_id = landed.load_id
{%- endif %}
where landed.status = 'landed'
    and landed.rows > 0
{%- if entity %}
    and landed.source in ('{{ sources_of(entity) | join("', '") }}')
{%- endif %}
{%- if not everything %}
    and completed.load_id is null
{%- endif %}
{%- endmacro %}
