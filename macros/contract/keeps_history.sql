{#
    Whether every state of the rows of an entity is kept. No part of its rules, so `contract` leaves it
    out.

    entity: the entity's name.
#}
{% macro keeps_history(entity) %}
    {{ return(entity_contracts().get(entity, {}).get('history', false)) }}
{% endmacro %}
