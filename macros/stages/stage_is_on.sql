{#
    Whether a stage runs at all; `vars: skip` lists those that do not.

    stage: adapt, deduplicate, validate, freshness or reconcile.

    Example: {% if stage_is_on('adapt') %}
#}
{% macro stage_is_on(stage) %}
    {% set skipped = [] %}
    {% for word in var('skip', []) %}
        {% do skipped.append(stage_named(word, 'vars: skip')) %}
    {% endfor %}
    {{ return(stage_named(stage, 'stage_is_on') not in skipped) }}
{% endmacro %}
