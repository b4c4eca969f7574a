{#
    Hook before every build and test: lets the catalogue know the tables that the loader keeps, below
    SPARK_WAREHOUSE, where it does not.

    Reason: the loader writes Delta tables without Spark, and so without its catalogue.
#}
{% macro register_tables() %}
    {% set warehouse = env_var('SPARK_WAREHOUSE', '').rstrip('/') %}
    {% set wanted = [] %}
    {% for node in graph.sources.values() %}
        {% do wanted.append((node.schema, node.name)) %}
    {% endfor %}
    {#- the decisions of an entity, too: views of all entities read them before they are built -#}
    {% for entity in var('sources') %}
        {% do wanted.append(('ops', entity ~ '_decisions')) %}
    {% endfor %}
    {% for schema, name in wanted
        if warehouse and warehouse_relation(schema, name) is none %}
        {% if warehouse_relation('raw', 'loads') is none and loop.first %}
            {% for each in ['raw', 'ops'] %}
                {% do create_schema(api.Relation.create(schema=each)) %}
            {% endfor %}
        {% endif %}
        {% call statement(auto_begin=false) -%}
            create table if not exists {{ schema }}.{{ name }} using delta
            location {{ sql_text(warehouse ~ '/' ~ schema ~ '/' ~ name) }}
        {%- endcall %}
        {% do adapter.cache_added(
            api.Relation.create(schema=schema, identifier=name, type='table').incorporate(is_delta=true)
        ) %}
    {% endfor %}
{% endmacro %}
