{#
    Lets a run without dbt have a statement that dbt compiles and does not carry out: the engine is
    only asked how it would.

    name:  what the plan knows the statement by, a line of SQL comment.
    query: the statement.
#}
{% macro hand_to_plan(name, query) %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% do rows_of('explain -- ' ~ name ~ '\n' ~ query) %}
    {% endif %}
{% endmacro %}
