{#
    The database of a model: the one that it names, else that of the target. `scratch` is for what
    is needed only while a build lasts. On DuckDB it is in memory (profiles.yml attaches it), so
    that nothing of it is written to the file; other engines keep it with the rest.

    custom_database_name: what the model's configuration says.
    node:                 the model.
#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {#- on Spark, a database is the same as a schema -#}
    {%- if target.type != 'duckdb' -%}
        {{ return(none) }}
    {%- endif -%}
    {{ (custom_database_name or target.database) | trim }}
{%- endmacro %}
