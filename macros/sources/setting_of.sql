{#
    A setting of a source, as its YAML has it under `meta`; none where it has none. A unit test
    knows no source's settings.

    name: the source.
    path: the names that lead to the setting.

    Example: {% if setting_of('web', ['kafka', 'key_from']) == 'key' %}
#}
{% macro setting_of(name, path) %}
    {% if not execute %}
        {{ return(none) }}
    {% endif %}
    {% for id, node in (graph or {}).get('sources', {}).items()
        if node.source_name == 'raw' and node.name == name %}
        {% set ns = namespace(found=node.config.get('meta') or node.get('meta') or {}) %}
        {% for step in path %}
            {% set ns.found = ns.found.get(step) if ns.found is mapping else none %}
        {% endfor %}
        {{ return(ns.found) }}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}
