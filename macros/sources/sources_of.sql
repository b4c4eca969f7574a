{#
    The names of an entity's registered sources, from `vars: sources`.

    entity: the entity's name.

    Example: {% for name in sources_of('orders') %}
#}
{% macro sources_of(entity) %}
    {% set registered = var('sources') %}
    {% if registered is not mapping or entity not in registered %}
        {{ exceptions.raise_compiler_error(
            "vars: sources: expected a list of sources for '" ~ entity ~ "', got "
            ~ registered
        ) }}
    {% endif %}
    {{ return(registered[entity] or []) }}
{% endmacro %}
