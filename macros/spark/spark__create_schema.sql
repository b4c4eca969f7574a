{#
    Makes a schema: below SPARK_WAREHOUSE, where that is set, else where the catalogue keeps it.

    relation: what dbt gives.

    Reason: tables of one warehouse lie below one address, also those that the loader writes without
    Spark.
#}
{% macro spark__create_schema(relation) %}
    {% set warehouse = env_var('SPARK_WAREHOUSE', '') %}
    {% call statement('create_schema') -%}
        create schema if not exists {{ relation }}
        {%- if warehouse %} location {{ sql_text(warehouse.rstrip('/') ~ '/' ~ relation.schema) }}{% endif %}
    {%- endcall %}
{% endmacro %}
