{#
    A SQL condition: the first of two records of a key is the greater.

    contract:      as contract() returns it.
    first, second: the relations of the two records, as for key_order.
#}
{% macro is_greater(contract, first, second) -%}
    {%- set others = key_order(contract, second) -%}
    {%- set ns = namespace(condition='') -%}
    {%- for one, which in key_order(contract, first) | reverse -%}
        {%- set other = others[loop.revindex0][0] -%}
        {%- set decides = one ~ (' > ' if which == 'greatest' else ' < ') ~ other -%}
        {%- set ns.condition = decides if not ns.condition
            else decides ~ ' or (' ~ one ~ ' = ' ~ other ~ ' and (' ~ ns.condition ~ '))' -%}
    {%- endfor -%}
    ({{ ns.condition }})
{%- endmacro %}
