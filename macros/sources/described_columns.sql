{#
    The columns of a model that are described: its own, or of an adapter those of its entity's
    union, since it has the same ones and lists none in its YAML.

    model: the node, as dbt gives it.

    Returns column -> what dbt knows of it.
#}
{% macro described_columns(model) %}
    {% if model.columns or model.fqn[1] != 'staging' or not model.tags %}
        {{ return(model.columns) }}
    {% endif %}
    {% set union = graph.nodes.get('model.hub.int_' ~ model.tags[0] ~ '__unioned') %}
    {{ return(union.columns if union else {}) }}
{% endmacro %}
