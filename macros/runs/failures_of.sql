{#
    What went wrong in a build, one text per failed node, which is also logged. The text of a failed
    data test has its first rows, since they name the record or load that is wrong.

    results: what dbt reports of every node.
#}
{% macro failures_of(results) %}
    {% set errors = [] %}
    {% for result in results if result.status in ['error', 'fail', 'runtime error'] %}
        {% set message = (result.message or '') | trim %}
        {#- of what our own macros say, the sentence alone, without the macros that called them -#}
        {% if '\n  > in macro ' in message %}
            {% set message = message.split('\n  > in macro ')[0].partition('\n')[2] | trim %}
        {% endif %}
        {% set text = result.node.name ~ ': ' ~ message %}
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
