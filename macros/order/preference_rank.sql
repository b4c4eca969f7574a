{#
    The rank of a record's source in the contract's list of preference; the most trusted has 1.

    contract: as contract() returns it.
    relation: the relation that has the column source.
#}
{% macro preference_rank(contract, relation) -%}
{%- if contract.prefer == 'newest' -%}
1
{%- else -%}
case {{ relation }}.source
    {%- for name in contract.prefer %} when '{{ name }}' then {{ loop.index }}{% endfor %}
    else {{ contract.prefer | length + 1 }} end
{%- endif -%}
{%- endmacro %}
