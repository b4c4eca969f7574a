{#
    Refuses to build an entity whose order has changed since its decisions were made, until
    everything is decided again: nothing may be half old, half new.

    entity: the entity's name.
#}
{% macro require_same_order(entity) %}
    {% if execute and not rebuilding() and not is_reprocessed_whole(entity) %}
        {% set changes = order_changes(entity) %}
        {% if changes %}
            {{ exceptions.raise_compiler_error(
                entity ~ ': ' ~ changes | join(', ') ~ ' changed, so its rows may have other '
                ~ 'winners: run `hub reprocess --entity ' ~ entity ~ '`, or undo the change'
            ) }}
        {% endif %}
    {% endif %}
{% endmacro %}
