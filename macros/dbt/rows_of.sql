{#
    The rows of a query, as tuples. run_query makes a table of them that guesses the types of its
    columns, which takes dbt four milliseconds each time.

    query: the SQL.

    Example: {% for (run_id,) in rows_of('select run_id from ops.runs') %}
#}
{% macro rows_of(query) %}
    {% set connection, cursor = adapter.add_query(query, auto_begin=false) %}
    {{ return(cursor.fetchall()) }}
{% endmacro %}
