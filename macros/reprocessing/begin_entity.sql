{#
    Pre-hook of the checked records, the first that is built of an entity: refuses a changed order
    and changed sensitive columns, notes new rule sets, chooses the records that open requests ask to
    decide again, and takes the text of those that are of a forgotten key.

    entity: the entity's name.
#}
{% macro begin_entity(entity) %}
    {%- do require_same_order(entity) -%}
    {%- do require_same_sensitive_columns(entity) -%}
    {{ add_rule_sets(entity) }}
    {%- if execute and not rebuilding() and stage_is_on('adapt') -%}
        {%- do choose_reprocessed(entity) -%}
    {%- endif -%}
    {%- if execute and stage_is_on('adapt') -%}
        {%- set scrubbing = scrub_forgotten(entity) -%}
        {{- ';\n' ~ scrubbing if scrubbing | trim -}}
    {%- endif -%}
{% endmacro %}
