{#
    The digest of the key that the present rules give a staged record. Records without a key are
    each alone: the digest is their record_id. Reads settings.null_texts.

    contract: as contract() returns it.
    unioned:  the relation of the staged records.
#}
{% macro staged_key_hash(contract, unioned) -%}
{%- set key = staged_text(contract, contract.key, unioned) -%}
case
    when {{ is_blank(key) }} then {{ unioned }}.record_id
    else {{ key_digest(contract, key) }}
end
{%- endmacro %}
