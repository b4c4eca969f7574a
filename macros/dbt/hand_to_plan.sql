{#
    Lets runs without dbt have a statement that dbt compiles and does not carry out. It is said in
    dbt's debug log, where the hub listens.

    name:  what the plan knows the statement by.
    query: the statement.
#}
{% macro hand_to_plan(name, query) %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% do log('for the plan: ' ~ name ~ '\n' ~ query) %}
    {% endif %}
{% endmacro %}
