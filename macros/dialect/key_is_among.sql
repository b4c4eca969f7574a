{#
    A SQL condition: the key of a row is one of some. For few rows, with many columns, of a long
    history.

    key:      the column of the key.
    keys:     a query for the keys that are wanted.
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
        The engine's filter for keys lets a hundredth of the others pass. They are in every block,
        so it would read every block of each column. Its filter for row numbers is exact.
    -#}
    {#- in a unit test, a history is no table but text: the name of a CTE -#}
    {%- if relation is none or relation is string -%}
    {{ default__key_is_among(key, keys, relation) }}
    {%- else -%}
    rowid in (select rowid from {{ relation }} where {{ key }} in ({{ keys }}))
    {%- endif -%}
{%- endmacro %}
