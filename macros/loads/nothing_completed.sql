{#
    A SQL condition: no load of the entity is completed. That is so before the first build and
    after a rebuild that was stopped. Then this run has all there is, and the projections replace
    what they find.

    entity: the entity's name.
#}
{% macro nothing_completed(entity) -%}
(select count(*) from {{ source('ops', 'completed_loads') }} where entity = '{{ entity }}') = 0
{%- endmacro %}
