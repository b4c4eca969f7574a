{#
    Hook after every build, also after one that failed: stores what the run at work counted, and the
    watermarks, for each entity of which it built something. Nothing of the others has changed.

    results: what dbt reports of every node.
#}
{% macro count_run(results) %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% for entity in _built_entities(results) %}
            {% set counting %}
                -- counts of {{ entity }}
                {{ count_outcomes(entity) }};
                {{ store_watermarks(entity) }}
            {% endset %}
            {% for each in separate_statements(counting) %}
                {% call statement() %}{{ each }}{% endcall %}
            {% endfor %}
            {% call statement() %}
                -- counts of {{ entity }}, in full
                {{ count_state(entity) }}
            {% endcall %}
            {%- if not is_delivered_in_full(entity) %}
            {%- do hand_to_plan('counts of ' ~ entity ~ ', from before', follow_state(entity)) %}
            {%- endif %}
        {% endfor %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}


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
