{#
    The columns of a relation: the adapter's own query, its rows fetched as rows_of does.

    relation: the table or view.
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
