{#
    The requests to reprocess keys of an entity that are not carried out yet, as a list of
    dictionaries of source, record_key, since and until; a selector that was not given is none.
    Asks the warehouse.

    entity: the entity's name.
#}
{% macro open_requests(entity) %}
    {% set found = [] %}
    {% set requests = warehouse_relation('ops', 'reprocess_requests') if execute else none %}
    {% if requests is not none %}
        {% for source_name, record_key, since, until in rows_of(
            'select source, record_key, cast(since as string), cast(until as string) from '
            ~ requests ~ " where entity = '" ~ entity ~ "' and completed_at is null"
        ) %}
            {% do found.append({
                'source': source_name, 'record_key': record_key, 'since': since, 'until': until,
            }) %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}
