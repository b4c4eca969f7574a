{#
    The digest of a key, for joins: always that of the key as it is stored. Of a sensitive key that
    is the keyed digest, so nobody can try keys out.

    contract: as contract() returns it.
    key:      a SQL expression of the key's text, as the source says it.
#}
{% macro key_digest(contract, key) -%}
    {{ hash_number(shown_value(key, contract.columns[contract.key])) }}
{%- endmacro %}
