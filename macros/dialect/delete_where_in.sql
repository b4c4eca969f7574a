{#
    A statement that deletes the rows of a table that have one of some keys.

    relation:  the table.
    condition: what else must hold for a row; unqualified names are columns of the table.
    key:       the column that is compared.
    keys:      a query that gives keys.

    Example: {{ delete_where_in(completed_loads, "part = 'target'", 'load_id', keys) }}
#}
{% macro delete_where_in(relation, condition, key, keys) %}
    {{- return(adapter.dispatch('delete_where_in')(relation, condition, key, keys)) -}}
{% endmacro %}


{% macro duckdb__delete_where_in(relation, condition, key, keys) -%}
delete from {{ relation }}
where {{ condition }}
    and {{ key }} in ({{ keys }})
{%- endmacro %}


{#- Delta Lake refuses a query inside of a deletion or an update. -#}
{% macro spark__delete_where_in(relation, condition, key, keys) -%}
merge into {{ relation }} as kept
using (select distinct {{ key }} as named_key from ({{ keys }}) as named) as given
on kept.{{ key }} = given.named_key
    and {{ condition }}
when matched then delete
{%- endmacro %}
