{#
    A statement that notes the rule sets of an entity that are used for the first time, with what
    they are.

    entity: the entity's name.
#}
{% macro add_rule_sets(entity) -%}
{%- set contract = contract(entity) -%}
{%- set reasons = contract_reasons(entity) | map(attribute='name') | join(',') -%}
insert into {{ source('ops', 'rule_sets') }} (
    rule_set, entity, source, contract_version, contract_hash, adapter_hash, timezone, nulls,
    is_validated, reasons, first_used_at
)
select
    used.rule_set,
    '{{ entity }}',
    used.source,
    {{ sql_text(contract.version) }},
    '{{ contract_hash(contract) }}',
    used.adapter_hash,
    used.timezone,
    used.nulls,
    used.is_validated,
    split('{{ reasons }}', ','),
    {{ utc_now() }}
from (
    {{ current_rule_sets(entity) | indent(4) }}
) as used
left join {{ source('ops', 'rule_sets') }} as known
    on known.rule_set = used.rule_set
where known.rule_set is null
{%- endmacro %}
