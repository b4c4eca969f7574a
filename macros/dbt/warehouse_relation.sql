{#
    A relation of the warehouse by name; none where it does not exist. For hooks: dbt lets them
    refer to no model.

    schema, name: where it is.
#}
{% macro warehouse_relation(schema, name) %}
    {{ return(load_relation(
        api.Relation.create(database=target.database or none, schema=schema, identifier=name)
    )) }}
{% endmacro %}
