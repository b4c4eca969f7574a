{#
    The order that an entity's decisions were made in, as the last build stored it: a dictionary of
    key_column, event_time, prefer, delivery and the list of sources. none where nothing was decided
    yet, and while dbt parses.

    entity: the entity's name.
#}
{% macro stored_order(entity) %}
    {% set orders = warehouse_relation('ops', 'entity_orders') if execute else none %}
    {% if orders is not none %}
        {% for key_column, event_time, prefer, delivery, sources in rows_of(
            'select key_column, event_time, prefer, delivery, sources from ' ~ orders
            ~ " where entity = '" ~ entity ~ "'"
        ) %}
            {{ return({
                'key_column': key_column, 'event_time': event_time, 'prefer': prefer,
                'delivery': delivery, 'sources': (sources or '').split(','),
            }) }}
        {% endfor %}
    {% endif %}
    {{ return(none) }}
{% endmacro %}
