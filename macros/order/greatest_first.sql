{#
    For `order by`: the records of a key, the greatest first. No two are equal.

    contract: as contract() returns it.
    relation: as for key_order.

    Example: order by {{ greatest_first(contract, 'decisions') }}
#}
{% macro greatest_first(contract, relation) -%}
{%- for value, which in key_order(contract, relation) -%}
{{ value }}{{ ' desc' if which == 'greatest' }}{{ ', ' if not loop.last }}
{%- endfor -%}
{%- endmacro %}
