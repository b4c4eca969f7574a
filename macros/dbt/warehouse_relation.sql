{#
    A relation of the warehouse by name, for the hooks: they belong to no model, so dbt lets them
    refer to none. None where it does not exist.

    schema, name: where it stands.
#}
{% macro warehouse_relation(schema, name) %}
    {{ return(load_relation(
        api.Relation.create(database=target.database, schema=schema, identifier=name)
    )) }}
{% endmacro %}
