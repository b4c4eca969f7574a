{#
    A relation, to write after `from` with an alias behind it: the rows of a table whose key is one
    of some. For few rows, with many columns, of a long history. On DuckDB it has the column `place`
    as well, the number of the row.

    relation: the table.
    key:      the column of the key.
    keys:     a query for the keys that are wanted.
#}
{% macro rows_of_keys(relation, key, keys) %}
    {{- return(adapter.dispatch('rows_of_keys')(relation, key, keys)) -}}
{% endmacro %}


{% macro default__rows_of_keys(relation, key, keys) -%}
(
    select * from {{ relation }}
    where {{ key }} in ({{ keys }})
)
{%- endmacro %}


{% macro duckdb__rows_of_keys(relation, key, keys) -%}
    {#-
        The engine's filter for keys lets a hundredth of the others pass. They are in every block,
        so it would read every block of each column. Its filter for row numbers is exact. They are
        found first, by themselves: else the engine may read all rows, and then look for these.
    -#}
    {#- in a unit test, a history is no table but text: the name of a CTE -#}
    {%- if relation is string -%}
    {{ default__rows_of_keys(relation, key, keys) }}
    {%- else -%}
(
    with places as materialized (
        select rowid as place from {{ relation }}
        where {{ key }} in ({{ keys }})
    )

    select
        places.place,
        wanted.*
    from {{ relation }} as wanted
    inner join places
        on places.place = wanted.rowid
)
    {%- endif -%}
{%- endmacro %}
