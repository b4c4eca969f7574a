{#
    The rows of a query, as tuples. dbt's run_query makes a table of them and guesses the types of
    its columns, which takes four milliseconds each time.

    query: the SQL.

    Example: {% for (run_id,) in rows_of('select run_id from ops.runs') %}
#}
{% macro rows_of(query) %}
    {% set connection, cursor = adapter.add_query(query, auto_begin=false) %}
    {{ return(cursor.fetchall()) }}
{% endmacro %}
