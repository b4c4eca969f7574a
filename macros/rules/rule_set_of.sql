{#
    The number of a rule set: a digest of all that decides what a record says and whether it keeps
    the contract. The same rules have the same number wherever they are used.

    contract:     as contract() returns it.
    settings:     the relation of the source's settings.
    is_validated: true or false: whether the contract's rules are applied.
#}
{% macro rule_set_of(contract, settings, is_validated) -%}
{{ hash_number(
    "concat_ws('', '" ~ contract.entity ~ ':' ~ contract_hash(contract) ~ ":', "
    ~ settings ~ ".source, ':', " ~ settings ~ ".adapter_hash, ':', "
    ~ settings ~ ".timezone, ':', coalesce(" ~ settings ~ ".key_from, ''), "
    ~ "coalesce('=' || " ~ settings ~ ".nulls, ''), ':"
    ~ ('validated' if is_validated else 'unvalidated') ~ "')"
) }}
{%- endmacro %}
