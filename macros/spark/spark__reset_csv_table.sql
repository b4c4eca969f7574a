{#
    Keeps the table of a seed: spark__load_csv_rows overwrites its rows.

    model, full_refresh, old_relation, agate_table: what dbt gives.

    Reason: dbt-spark drops the table first, so a build that is stopped would leave none. For dbt-spark
    1.11.0.
#}
{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {% if full_refresh and old_relation %}
        {% do adapter.drop_relation(old_relation) %}
        {{ return(create_csv_table(model, agate_table)) }}
    {% endif %}
    {{ return('-- its rows are overwritten') }}
{% endmacro %}
