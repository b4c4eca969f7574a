{#
    A statement that gives a column of a table a value, where it has another one.

    relation:  the table.
    column:    the column that is set.
    value:     a SQL expression, which may hold queries.
    condition: what else must hold for a row; unqualified names are columns of the table.

    Example: {{ update_where_other(orders, 'compared', value, "entity = 'orders'") }}
#}
{% macro update_where_other(relation, column, value, condition) %}
    {{- return(adapter.dispatch('update_where_other')(relation, column, value, condition)) -}}
{% endmacro %}


{% macro duckdb__update_where_other(relation, column, value, condition) -%}
update {{ relation }}
set {{ column }} = {{ value }}
where {{ condition }}
    and {{ column }} is distinct from {{ value }}
{%- endmacro %}


{#- Delta Lake refuses a query inside of a deletion or an update. -#}
{% macro spark__update_where_other(relation, column, value, condition) -%}
merge into {{ relation }} as kept
using (select {{ value }} as next_value) as given
on kept.{{ column }} is distinct from given.next_value
    and {{ condition }}
when matched then update set {{ column }} = given.next_value
{%- endmacro %}
