{#
    The schemas of a database, which dbt asks for before it creates those that are missing. The
    adapter's own macro finds none, as the name comes with its quotes, and so dbt would create all
    of them in every run.

    database: the database, with its quotes.
#}
{% macro duckdb__list_schemas(database) %}
    {{ return(rows_of(
        'select schema_name from duckdb_schemas() where lower(database_name) = '
        ~ sql_text(database.strip('"') | lower)
    )) }}
{% endmacro %}
