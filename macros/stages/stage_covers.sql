{#
    A SQL condition: the stage applies to this key. That is always or never so, or for the share of
    keys that `vars: rollout` gives the stage.

    stage:    deduplicate, validate, freshness or reconcile.
    key_hash: a SQL expression, the key's hash_number; NULL is covered.

    Example: {{ stage_covers('validate', 'key_hash') }}
#}
{% macro stage_covers(stage, key_hash) %}
    {% set stage = stage_named(stage, 'stage_covers') %}
    {% set shares = {} %}
    {% for word, share in var('rollout', {}).items() %}
        {% set covered = stage_named(word, 'vars: rollout') %}
        {% if covered == 'adapt' %}
            {{ exceptions.raise_compiler_error(
                "vars: rollout: adapt has no keys yet to cover, use `vars: skip` for it"
            ) }}
        {% endif %}
        {% if share is boolean or share is not number or share < 0 or share > 100 %}
            {{ exceptions.raise_compiler_error(
                "vars: rollout: " ~ word ~ ": expected a percentage from 0 to 100, got '"
                ~ share ~ "'"
            ) }}
        {% endif %}
        {% do shares.update({covered: share}) %}
    {% endfor %}
    {% if not stage_is_on(stage) %}
        {{ return('false') }}
    {% elif stage in shares %}
        {{ return('coalesce(' ~ key_hash ~ ' % 100, 0) < ' ~ shares[stage]) }}
    {% else %}
        {{ return('true') }}
    {% endif %}
{% endmacro %}
