{#
    A query for the rule sets that are no older ones: those that records of an entity are decided
    under now. Where validation is off, or on for a share of the keys only, those with validation
    are current as well as those without.

    entity: the entity's name.

    Columns: rule_set, source, adapter_hash, timezone, nulls, is_validated.

    Example: where rule_set not in (select rule_set from ({{ current_rule_sets('events') }}) as now)
#}
{% macro current_rule_sets(entity) -%}
{%- set contract = contract(entity) -%}
{%- set all_validated = stage_covers('validate', '0') == 'true' -%}
{%- for is_validated in ([true] if all_validated else [true, false]) -%}
select
    {{ rule_set_of(contract, 'settings', is_validated) | indent(4) }} as rule_set,
    settings.source,
    settings.adapter_hash,
    settings.timezone,
    settings.nulls,
    {{ 'true' if is_validated else 'false' }} as is_validated
from {{ source('raw', 'sources') }} as settings
where settings.entity = '{{ entity }}'
{{ 'union all' if not loop.last }}
{% endfor -%}
{%- endmacro %}
