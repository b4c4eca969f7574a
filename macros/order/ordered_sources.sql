{#
    The sources of an entity in the order of registration, with those among them that took part
    before and are registered no more.

    entity: the entity's name.
#}
{% macro ordered_sources(entity) %}
    {% set names = sources_of(entity) | list %}
    {% set stored = stored_order(entity) %}
    {% set ns = namespace(before=none) %}
    {% for name in (stored.sources if stored else []) %}
        {% if name not in names %}
            {#- after the one that it was registered after -#}
            {% do names.insert(names.index(ns.before) + 1 if ns.before else 0, name) %}
        {% endif %}
        {% set ns.before = name %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
