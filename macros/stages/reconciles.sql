{#
    Whether this run compares an entity's sources: the stage is on, and there are at least two, or
    were. Otherwise its reconciliation stays as it is.

    entity: the entity's name.
#}
{% macro reconciles(entity) %}
    {{ return(stage_is_on('reconcile') and ordered_sources(entity) | length > 1) }}
{% endmacro %}
