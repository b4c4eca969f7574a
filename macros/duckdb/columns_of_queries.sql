{#
    The columns that queries would give, found in one question to the engine, which computes
    nothing: for each name a list of (column, type), sorted.

    queries: name -> SQL, also that of a table: `table marts.events`.

    Reason: dbt asks for the columns of each relation apart, up to five times for a model that
    is as it was. Used where this project replaces dbt's way to build increments and snapshots.
    For dbt-duckdb 1.11.1; needed until test_dbt_still_builds_increments_by_a_temporary_table
    fails.
#}
{% macro columns_of_queries(queries) %}
    {% set questions = [] %}
    {% set columns = {} %}
    {% for name, query in queries.items() %}
        {% do columns.update({name: []}) %}
        {% do questions.append(
            "select '" ~ name ~ "', column_name, column_type from (describe " ~ query ~ ')'
        ) %}
    {% endfor %}
    {% for name, column, type in rows_of(questions | join('\nunion all\n')) | sort %}
        {% do columns[name].append((column, type)) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
