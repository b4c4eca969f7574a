{#
    Keeps no comments: those of tables and views are said when they are made.

    relation, model, for_relation, for_columns: what dbt gives.

    Reason: dbt-spark would write each comment by a statement of its own, which takes a second. For
    dbt-spark 1.11.0.
#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) %}
{% endmacro %}
