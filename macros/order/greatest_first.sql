{#
    For `order by`: the records of a key, the greatest first. It does not separate records that are
    equal by key_order: add a column that does.

    contract: as contract() returns it.
    relation: the relation that has the column source; none where there is a column preference.

    Example: order by {{ greatest_first(contract, 'decisions') }}, record_id
#}
{% macro greatest_first(contract, relation=none) -%}
{%- for column, which in key_order(contract) -%}
{{ preference_rank(contract, relation) if relation and column == 'preference' else column }}
{{- ' desc' if which == 'greatest' }}{{ ', ' if not loop.last }}
{%- endfor -%}
{%- endmacro %}
