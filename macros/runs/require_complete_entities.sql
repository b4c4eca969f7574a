{#
    Refuses a build while a registered entity lacks one of the models that its records pass
    through, the hook that completes its loads, or a proof that no record is lost. The hub command
    checks the files themselves; this is for a plain `dbt build`, and sees what dbt made of them.

    Example: {% do require_complete_entities() %}
#}
{% macro require_complete_entities() %}
    {% set models = {} %}
    {% set proofs = [] %}
    {% for node in graph.nodes.values() %}
        {% if node.resource_type == 'model' %}
            {% do models.update({node.name: node}) %}
        {% elif node.resource_type == 'test' and node.test_metadata %}
            {% do proofs.append(node.test_metadata.name ~ ' of ' ~ node.test_metadata.kwargs.entity) %}
        {% endif %}
    {% endfor %}
    {% set missing = [] %}
    {% for entity, sources in var('sources').items() %}
        {% set chain = ['int_' ~ entity ~ '__unioned', 'int_' ~ entity ~ '__checked', entity] %}
        {% set compared = contract(entity).columns.values() | selectattr('reconcile', 'defined') %}
        {% if sources | length > 1 and compared | list %}
            {% do chain.extend(['int_' ~ entity ~ '__accepted', entity ~ '_reconciliation']) %}
        {% endif %}
        {% for name in chain if name not in models %}
            {% do missing.append('the model ' ~ name) %}
        {% endfor %}
        {#- without its YAML dbt would make a view of it -#}
        {% set decisions = models.get(entity ~ '_decisions') %}
        {% if decisions is none or decisions.config.materialized != 'incremental' %}
            {% do missing.append('the block of ' ~ entity ~ '_decisions in a YAML file') %}
        {% endif %}
        {% set last = models.get(entity ~ '_reconciliation') or models.get(entity) %}
        {% if last and "complete_loads('" ~ entity ~ "')" not in last.config['post-hook'] | string %}
            {% do missing.append("the post_hook complete_loads('" ~ entity ~ "') of " ~ last.name) %}
        {% endif %}
        {% for test in ['accounts_for_every_record', 'holds_the_greatest_of_each_key']
            if test ~ ' of ' ~ entity not in proofs %}
            {% do missing.append('the data test ' ~ test ~ ' of ' ~ entity) %}
        {% endfor %}
    {% endfor %}
    {% if missing %}
        {{ exceptions.raise_compiler_error(
            "an entity is not complete: " ~ missing | join(', ') ~ " is missing. Write its contract "
            ~ "and run `make contracts`, which writes the rest; or take it out of vars: sources"
        ) }}
    {% endif %}
{% endmacro %}
