{#
    The entities of which a key was forgotten, as a list. Asks the warehouse.
#}
{% macro forgotten_entities() %}
    {% set found = [] %}
    {% for row in rows_of('select distinct entity from ' ~ source('raw', 'forgotten')) %}
        {% do found.append(row[0]) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}
