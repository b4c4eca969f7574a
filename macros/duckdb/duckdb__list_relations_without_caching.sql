{#
    The tables and views of a schema, as (database, name, schema, type): what the adapter's own
    macro finds, fetched as rows_of does.

    schema_relation: the schema.

    Reason: the adapter asks information_schema, which takes twice as long, and guesses types.
    For dbt-duckdb 1.11.1; needed until test_dbt_still_guesses_the_types_of_answers fails.
#}
{% macro duckdb__list_relations_without_caching(schema_relation) %}
    {% set place = ' where lower(database_name) = ' ~ sql_text(schema_relation.database | lower)
        ~ ' and lower(schema_name) = ' ~ sql_text(schema_relation.schema | lower) %}
    {{ return(rows_of(
        "select database_name, table_name, schema_name, 'table' from duckdb_tables()" ~ place
        ~ " union all select database_name, view_name, schema_name, 'view' from duckdb_views()"
        ~ place
    )) }}
{% endmacro %}
