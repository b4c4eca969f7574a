{#
    Which columns were sensitive when an entity's decisions were made, in the form of
    sensitive_columns.

    entity: the entity's name.
#}
{% macro stored_sensitive_columns(entity) %}
    {% set stored = warehouse_relation('ops', 'sensitive_columns') if execute else none %}
    {% if stored is not none %}
        {% for (columns,) in rows_of(
            'select columns from ' ~ stored ~ " where entity = '" ~ entity ~ "'"
        ) %}
            {{ return(columns) }}
        {% endfor %}
    {% endif %}
    {{ return('') }}
{% endmacro %}
