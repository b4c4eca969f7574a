{#
    A SQL condition: the first of two records of a key is the greater. False for equal ones.

    contract:      as contract() returns it.
    first, second: the relations of the two records.
#}
{% macro is_greater(contract, first, second) -%}
    {%- set ns = namespace(condition='') -%}
    {%- for column, which in key_order(contract) | reverse -%}
        {%- set is_rank = column == 'preference' -%}
        {%- set one = preference_rank(contract, first) if is_rank else first ~ '.' ~ column -%}
        {%- set other = preference_rank(contract, second) if is_rank else second ~ '.' ~ column -%}
        {%- set decides = one ~ (' > ' if which == 'greatest' else ' < ') ~ other -%}
        {%- set ns.condition = decides if not ns.condition
            else decides ~ ' or (' ~ one ~ ' = ' ~ other ~ ' and (' ~ ns.condition ~ '))' -%}
    {%- endfor -%}
    ({{ ns.condition }})
{%- endmacro %}
