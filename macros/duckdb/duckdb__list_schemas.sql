{#
    The schemas of a database, which dbt asks for before it creates those that are missing.

    database: the database, with its quotes.

    Reason: dbt gives the name with its quotes and the adapter looks for it so: it finds no
    schema, and dbt would create all of them in every run. For dbt-duckdb 1.11.1; needed until
    test_dbt_still_seeks_schemas_by_a_name_in_quotes fails.
#}
{% macro duckdb__list_schemas(database) %}
    {{ return(rows_of(
        'select schema_name from duckdb_schemas() where lower(database_name) = '
        ~ sql_text(database.strip('"') | lower)
    )) }}
{% endmacro %}
