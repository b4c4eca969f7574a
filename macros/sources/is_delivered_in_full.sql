{#
    Whether each file of the entity's source is its whole state, so that keys which the newest file
    lacks are deleted. Such an entity has one source only.

    entity: the entity's name.
#}
{% macro is_delivered_in_full(entity) %}
    {% for name in sources_of(entity) if setting_of(name, ['delivery']) == 'full' %}
        {{ return(true) }}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}
