{#
    Hook after every build, also after one that failed: stores what the run counted, the watermarks
    and the slowest steps, and closes the run.

    results: what dbt reports of every node.
#}
{% macro end_run(results) %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% for run_id, run_clock, started_at in rows_of(current_run()) %}
            {% set built = _built_entities(results) %}
            {% set steps = [] %}
            {% for entity in built %}
                {% do steps.append(count_outcomes(entity, run_id, started_at)) %}
                {% do steps.append(count_state(entity, run_id)) %}
            {% endfor %}
            {% do steps.append(store_watermarks(run_id, started_at, built)) %}
            {% if results %}{% do steps.append(store_steps(run_id, results)) %}{% endif %}
            {% do steps.append(close_run(run_id, failures_of(results))) %}
            {#- in one statement: each takes dbt some milliseconds -#}
            {% call statement() %}{{ steps | join(';\n') }}{% endcall %}
            {% do adapter.commit() %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- The entities of which this run built something; nothing of the others has changed. #}
{% macro _built_entities(results) %}
    {% set tags = [] %}
    {% for result in results if result.node.resource_type in ['model', 'snapshot'] %}
        {% do tags.extend(result.node.tags) %}
    {% endfor %}
    {% set built = [] %}
    {% for entity in var('sources')
        if entity in tags and warehouse_relation('ops', entity ~ '_decisions') %}
        {% do built.append(entity) %}
    {% endfor %}
    {{ return(built) }}
{% endmacro %}
