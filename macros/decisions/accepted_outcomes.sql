{#
    The outcomes of an accepted record, as a SQL list: it passed the contract and came in time,
    whether or not it won its key.

    Example: where outcome in ({{ accepted_outcomes() }})
#}
{% macro accepted_outcomes() -%}
'applied', 'superseded', 'outdated'
{%- endmacro %}
