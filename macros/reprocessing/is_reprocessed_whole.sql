{#
    Whether an open request has no selector, or stands for all of an entity whose files are each the
    whole state: there, what a key is depends on all others.

    entity: the entity's name.
#}
{% macro is_reprocessed_whole(entity) %}
    {% set requests = open_requests(entity) %}
    {% for request in requests %}
        {% if is_delivered_in_full(entity)
            or not (request.source or request.record_key or request.since or request.until) %}
            {{ return(true) }}
        {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}
