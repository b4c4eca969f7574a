{#
    Keeps no comments: those of tables and views are said when they are made.

    relation, model, for_relation, for_columns: what dbt gives.

    Reason: the project's default__persist_docs would be taken for Spark, too, which has no such
    statements, and each comment of a column would be a statement of a second. For dbt-spark 1.11.0.
#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) %}
{% endmacro %}
