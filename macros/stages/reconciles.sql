{#
    Whether an entity's sources are compared in this run: the stage is on and there are two.
    Otherwise its reconciliation is left as it was.

    entity: the entity's name.
#}
{% macro reconciles(entity) %}
    {{ return(stage_is_on('reconcile') and sources_of(entity) | length > 1) }}
{% endmacro %}
