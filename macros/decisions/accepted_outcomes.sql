{#
    The outcomes of an accepted record, as a SQL list. An accepted record keeps the contract and is
    not late; whether it became the row of its key is another question.

    Example: where outcome in ({{ accepted_outcomes() }})
#}
{% macro accepted_outcomes() -%}
'applied', 'superseded', 'outdated'
{%- endmacro %}
