{#
    Runs the hooks of a model: on Spark all of them, one statement after the other; elsewhere as dbt
    does.

    hooks, inside_transaction: what dbt gives.

    Reason: dbt-spark leaves out hooks that are to run outside of a transaction, and Spark takes one
    statement at a time. For dbt-spark 1.11.0.
#}
{% macro run_hooks(hooks, inside_transaction=True) %}
    {% if target.type != 'spark' %}
        {{ return(dbt.run_hooks(hooks, inside_transaction)) }}
    {% endif %}
    {% for hook in hooks %}
        {% for each in separate_statements(render(hook.get('sql'))) %}
            {% call statement() %}{{ each }}{% endcall %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
