{#
    Whether the last run succeeded with the project as it is, so that columns and descriptions in
    the warehouse are what the project wants. Only the hub command knows, and says so by
    HUB_SAME_PROJECT.

    Reason: dbt looks at columns and comments in every run, though nothing of the project has
    changed. For dbt-duckdb 1.11.1; needed until
    test_dbt_still_writes_every_comment_in_every_run fails.
#}
{% macro same_project() %}
    {{ return(env_var('HUB_SAME_PROJECT', '') != '') }}
{% endmacro %}
