{#
    Whether a stage runs at all, from `vars: skip`.

    stage: adapt, deduplicate, validate, freshness or reconcile.

    Example: {% if stage_is_on('adapt') %}
#}
{% macro stage_is_on(stage) %}
    {% set known = ['adapt', 'deduplicate', 'validate', 'freshness', 'reconcile'] %}
    {% set skipped = [] %}
    {% for word in var('skip', []) %}
        {% set name = 'deduplicate' if word == 'cache' else word %}
        {% if name not in known %}
            {{ exceptions.raise_compiler_error(
                "vars: skip: unknown stage '" ~ word ~ "', expected one of "
                ~ known | join(', ') ~ " (or cache, which is deduplicate)"
            ) }}
        {% endif %}
        {% do skipped.append(name) %}
    {% endfor %}
    {% if stage not in known %}
        {{ exceptions.raise_compiler_error(
            "stage_is_on: expected one of " ~ known | join(', ') ~ ", got '" ~ stage ~ "'"
        ) }}
    {% endif %}
    {{ return(stage not in skipped) }}
{% endmacro %}
