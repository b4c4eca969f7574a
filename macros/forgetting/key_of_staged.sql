{#
    The key that the present rules give a staged record, as text. Reads settings.null_texts.

    entity:  the entity's name.
    unioned: the relation of the staged records.
#}
{% macro key_of_staged(entity, unioned) -%}
    {%- set contract = contract(entity) -%}
    {{- staged_text(contract, contract.key, unioned) -}}
{%- endmacro %}
