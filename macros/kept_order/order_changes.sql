{#
    What of an entity's order is not as its decisions were made in, as a list of words. While it is
    not empty, new decisions would contradict the old ones.

    entity: the entity's name.
#}
{% macro order_changes(entity) %}
    {% set stored = stored_order(entity) %}
    {% set changes = [] %}
    {% if stored %}
        {% set present = present_order(entity) %}
        {% for name, word in {
            'key_column': 'key', 'event_time': 'event_time', 'prefer': 'prefer',
            'delivery': 'delivery',
        }.items() if stored[name] != present[name] %}
            {% do changes.append(word) %}
        {% endfor %}
        {#- between sources, only those are compared by registration that have an event time -#}
        {% if order_time(contract(entity))
            and stored.sources != present.sources | select('in', stored.sources) | list %}
            {% do changes.append('the order of its sources') %}
        {% endif %}
    {% endif %}
    {{ return(changes) }}
{% endmacro %}
