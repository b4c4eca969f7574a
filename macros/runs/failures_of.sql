{#
    What went wrong in a build, one text per failed node, which is also logged. The text of a failed
    data test has its first rows, since they name the record or load that is wrong.

    results: what dbt reports of every node.
#}
{% macro failures_of(results) %}
    {% set errors = [] %}
    {% for result in results if result.status in ['error', 'fail', 'runtime error'] %}
        {% set text = result.node.name ~ ': ' ~ (result.message or '') | trim %}
        {% if result.status == 'fail' and result.node.resource_type == 'test' %}
            {% set rows = run_query(
                'select * from (' ~ result.node.compiled_code ~ ') as failing limit 10'
            ) %}
            {% set lines = [] %}
            {% for row in rows %}
                {% set cells = [] %}
                {% for name in rows.column_names %}
                    {% do cells.append(name ~ '=' ~ row[name]) %}
                {% endfor %}
                {% do lines.append(cells | join(', ')) %}
            {% endfor %}
            {% set text = result.node.name ~ ': ' ~ lines | join('; ') %}
        {% endif %}
        {% do errors.append(text) %}
        {% do log(text, info=true) %}
    {% endfor %}
    {{ return(errors) }}
{% endmacro %}
