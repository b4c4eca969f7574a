{#
    Hook after every build, also after one that failed: stores the slowest steps and closes the run.

    results: what dbt reports of every node.
#}
{% macro end_run(results) %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% for run_id, run_clock, started_at in rows_of(current_run()) %}
            {% set closing %}
                {%- if results %}{{ store_steps(run_id, results) }};{% endif %}
                {{ close_run(run_id, failures_of(results)) }}
            {% endset %}
            {% for each in separate_statements(closing) %}
                {% call statement() %}{{ each }}{% endcall %}
            {% endfor %}
            {% do adapter.commit() %}
        {% endfor %}
    {% endif %}
{% endmacro %}
