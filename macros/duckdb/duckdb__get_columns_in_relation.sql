{#
    The columns of a relation: the adapter's own query, its rows fetched as rows_of does.

    relation: the table or view.

    Reason: the adapter makes a table of the rows and guesses the types of its columns, which
    takes milliseconds for each model. For dbt-duckdb 1.11.1; needed until
    test_dbt_still_guesses_the_types_of_answers fails.
#}
{% macro duckdb__get_columns_in_relation(relation) %}
    {% set columns = [] %}
    {% for name, type in rows_of(
        'select column_name, column_type from (describe ' ~ relation ~ ')'
    ) %}
        {% do columns.append(api.Column(name, type)) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
