{%- set rows = [] -%}
{%- for entity in var('sources') -%}
    {%- for reason in contract_reasons(entity) -%}
        {%- do rows.append((entity, contract(entity).version, reason)) -%}
    {%- endfor -%}
{%- endfor -%}
{% for entity, version, reason in rows -%}
select
    '{{ entity }}' as entity,
    '{{ version }}' as contract_version,
    {{ loop.index }} as rule_number,
    '{{ reason.name }}' as reason,
    {{ sql_text(reason.column) if reason.column else 'cast(null as string)' }} as column_name,
    {{ sql_text(reason.meaning) }} as rejected_because,
    {{ 'true' if reason.always else 'false' }} as holds_without_validation
{{ 'union all' if not loop.last }}
{% endfor %}
