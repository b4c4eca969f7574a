{#
    The sources of an entity for which a tombstone on the topic deletes the key that the message has.

    entity: the entity's name.
#}
{% macro tombstone_sources(entity) %}
    {% set names = [] %}
    {% for name in sources_of(entity) if setting_of(name, ['kafka', 'key_from']) == 'key' %}
        {% do names.append(name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
