{#
    A statement that stores what the slowest steps of a build took: the first ten, since a stream
    builds all day.

    run_id:  the run.
    results: what dbt reports of every node, at least one.
#}
{% macro store_steps(run_id, results) %}
insert into {{ source('ops', 'run_steps') }} (run_id, step, kind, entity, status, duration_ms)
values
    {%- for result in (results | sort(attribute='execution_time', reverse=true))[:10] %}
    (
        '{{ run_id }}',
        {{ sql_text(result.node.name) }},
        '{{ result.node.resource_type }}',
        {{ _entity_of(result.node) }},
        '{{ result.status }}',
        {{ (result.execution_time * 1000) | round | int }}
    ){{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}


{#- The entity that a node carries as its tag, as SQL; NULL for what entities share. #}
{% macro _entity_of(node) %}
    {% for entity in var('sources') if entity in node.tags %}
        {{ return(sql_text(entity)) }}
    {% endfor %}
    {{ return('null') }}
{% endmacro %}
