{#
    A SQL condition on the rows of a relation: their key is one of some. For a history of which few
    rows are wanted, and many columns.

    key:      the column of the key.
    keys:     a query for those that are wanted.
    relation: the relation; none where it is no table.
#}
{% macro key_is_among(key, keys, relation) %}
    {{- return(adapter.dispatch('key_is_among')(key, keys, relation)) -}}
{% endmacro %}


{% macro default__key_is_among(key, keys, relation) -%}
    {{ key }} in ({{ keys }})
{%- endmacro %}


{% macro duckdb__key_is_among(key, keys, relation) -%}
    {#-
        Keys are sought by a filter that lets a hundredth of the others pass: rows in every block,
        so that of each column all blocks would be read. Row numbers are sought exactly.
    -#}
    {#- in a unit test, a history is no table but text: the name of a CTE -#}
    {%- if relation is none or relation is string -%}
    {{ default__key_is_among(key, keys, relation) }}
    {%- else -%}
    rowid in (select rowid from {{ relation }} where {{ key }} in ({{ keys }}))
    {%- endif -%}
{%- endmacro %}
