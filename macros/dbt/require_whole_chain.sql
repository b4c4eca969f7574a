{#
    Refuses to rebuild a part of an entity's chain: decisions rebuilt without their target would
    contradict it, and the reverse. Every model of the chain calls this.

    entity: the entity's name.
#}
{% macro require_whole_chain(entity) %}
    {% if execute and rebuilding() and flags.WHICH in ['run', 'build'] %}
        {% set missing = [] %}
        {% for id, node in graph.nodes.items()
            if node.resource_type == 'model' and entity in node.tags
            and node.config.materialized in ['table', 'incremental']
            and id not in selected_resources %}
            {% do missing.append(node.name) %}
        {% endfor %}
        {% if not stage_is_on('adapt') %}
            {{ exceptions.raise_compiler_error(
                "--full-refresh with the stage adapt off would rebuild " ~ entity
                ~ " from nothing. Run it without --skip adapt"
            ) }}
        {% endif %}
        {% if missing %}
            {{ exceptions.raise_compiler_error(
                "--full-refresh rebuilds the whole chain of " ~ entity ~ " or nothing, but "
                ~ missing | join(', ') ~ " is not selected. Use --select tag:" ~ entity
                ~ " --full-refresh"
            ) }}
        {% endif %}
    {% endif %}
{% endmacro %}
