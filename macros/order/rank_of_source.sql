{#
    The place of a record's source in a list, from 1; all others share the one after the last.

    names:    the list of sources.
    relation: the relation that has the column source.
#}
{% macro rank_of_source(names, relation) -%}
case {{ relation }}.source
    {%- for name in names %} when '{{ name }}' then {{ loop.index }}{% endfor %}
    else {{ names | length + 1 }} end
{%- endmacro %}
