{#
    The stages of a build in their order: stage -> the word that reports use for it. `vars: skip`
    and `vars: rollout` may use either. The hub command reads this list, too
    (loader/config/stages.py): keep it a plain dictionary of texts.

    Example: {% for stage in stages() %}
#}
{% macro stages() %}
    {{ return({
        'adapt': 'adapt',
        'deduplicate': 'cache',
        'validate': 'validate',
        'freshness': 'freshness',
        'reconcile': 'reconcile',
    }) }}
{% endmacro %}
