{#
    Pre-hook of a target that has a history: where all is decided anew, notes all of its rows.

    entity: the entity's name.
#}
{% macro note_all_displaced(entity) %}
    {%- set target = load_relation(this) if execute and rebuilding() else none -%}
    {%- if target is not none -%}
        {{ note_displaced(entity, target, target) }}
    {%- endif -%}
{% endmacro %}
