{#
    A statement that gives a column of a table a value, where the row has one of some keys.

    relation:  the table.
    column:    the column that is set.
    value:     a SQL expression without columns of the table.
    condition: what else must hold for a row; unqualified names are columns of the table.
    key:       the column that is compared.
    keys:      a query that gives keys.

    Example: {{ update_where_in(requests, 'completed_at', utc_now(), '1 = 1', 'record_id', keys) }}
#}
{% macro update_where_in(relation, column, value, condition, key, keys) %}
    {{- return(adapter.dispatch('update_where_in')(relation, column, value, condition, key, keys)) -}}
{% endmacro %}


{% macro duckdb__update_where_in(relation, column, value, condition, key, keys) -%}
update {{ relation }}
set {{ column }} = {{ value }}
where {{ condition }}
    and {{ key }} in ({{ keys }})
{%- endmacro %}


{#- Delta Lake refuses a query inside of a deletion or an update. -#}
{% macro spark__update_where_in(relation, column, value, condition, key, keys) -%}
merge into {{ relation }} as kept
using (select distinct {{ key }} as named_key from ({{ keys }}) as named) as given
on kept.{{ key }} = given.named_key
    and {{ condition }}
when matched then update set {{ column }} = {{ value }}
{%- endmacro %}
