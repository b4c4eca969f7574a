{#
    An operation that prints the SQL which checks every landed record of an entity against the
    contract as it is written now. It builds nothing; `hub contract diff` runs what it prints.

    entity: the entity's name.

    Example: dbt run-operation print_full_check --args '{entity: events}'
#}
{% macro print_full_check(entity) %}
    {% if execute %}
        {% do print(tojson({
            'version': contract(entity).version,
            'sql': check_records(entity, outside_build=true),
        })) %}
    {% endif %}
{% endmacro %}
