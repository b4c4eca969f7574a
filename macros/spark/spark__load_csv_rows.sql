{#
    Overwrites the rows of a seed's table in one step.

    model, agate_table: what dbt gives.

    Reason: dbt-spark writes the rows in several steps, and its texts end at the first quote. For
    dbt-spark 1.11.0.
#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {% set rows = [] %}
    {% for row in agate_table.rows %}
        {% set cells = [] %}
        {% for cell in row %}
            {% do cells.append('null' if cell is none else sql_text(cell)) %}
        {% endfor %}
        {% do rows.append('(' ~ cells | join(', ') ~ ')') %}
    {% endfor %}
    {% set sql = 'insert overwrite ' ~ this ~ ' values ' ~ rows | join(',\n') %}
    {% do adapter.add_query(sql, abridge_sql_log=True) %}
    {{ return(sql) }}
{% endmacro %}
