{% for entity in var('sources') -%}
{%- set last_entity = loop.last -%}
{% for reason in contract_reasons(entity) -%}
select
    '{{ entity }}' as entity,
    '{{ contract(entity).version }}' as contract_version,
    {{ loop.index }} as rule_number,
    '{{ reason.name }}' as reason,
    {{ sql_text(reason.column) if reason.column else 'cast(null as string)' }} as column_name,
    {{ sql_text(reason.meaning) }} as rejected_because,
    {{ 'true' if reason.always else 'false' }} as holds_without_validation
{{ 'union all' if not (loop.last and last_entity) }}
{% endfor -%}
{% endfor %}
