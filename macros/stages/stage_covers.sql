{#
    A SQL condition: does the stage apply to this key? Always, never, or for the share of keys
    that `vars: rollout` gives the stage.

    stage:    deduplicate, validate, freshness or reconcile.
    key_hash: a SQL expression, the key's hash_number; NULL is covered.

    Example: {{ stage_covers('validate', 'key_hash') }}
#}
{% macro stage_covers(stage, key_hash) %}
    {% set known = ['deduplicate', 'validate', 'freshness', 'reconcile'] %}
    {% set stage = 'deduplicate' if stage == 'cache' else stage %}
    {% set shares = {} %}
    {% for word, share in var('rollout', {}).items() %}
        {% set name = 'deduplicate' if word == 'cache' else word %}
        {% if name not in known or share is boolean or share is not number or share < 0 or share > 100 %}
            {{ exceptions.raise_compiler_error(
                "vars: rollout: '" ~ word ~ ": " ~ share ~ "': expected one of "
                ~ known | join(', ') ~ " and a percentage from 0 to 100"
            ) }}
        {% endif %}
        {% do shares.update({name: share}) %}
    {% endfor %}
    {% if not stage_is_on(stage) %}
        {{ return('false') }}
    {% elif stage in shares %}
        {{ return('coalesce(' ~ key_hash ~ ' % 100, 0) < ' ~ shares[stage]) }}
    {% else %}
        {{ return('true') }}
    {% endif %}
{% endmacro %}
