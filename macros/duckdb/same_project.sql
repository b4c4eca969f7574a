{#
    Whether the last run succeeded with the project as it is, so that columns and descriptions in
    the warehouse are what the project wants. Only the hub command knows, and says so by
    HUB_SAME_PROJECT.
#}
{% macro same_project() %}
    {{ return(env_var('HUB_SAME_PROJECT', '') != '') }}
{% endmacro %}
