{#
    For the model of the states that ended: a query without rows that has the columns of the model's
    YAML. The rows come from the projection of the target, by note_displaced and end_states.

    entity: the entity's name.
#}
{% macro no_states(entity) -%}
{%- if not execute -%}
    {#- an entity that is refused gets no table -#}
    {%- do ref('int_' ~ entity ~ '__checked') -%}
{%- endif -%}
select
    {%- for name, column in model.columns.items() %}
    cast(null as {{ column.data_type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- else %}
    null as nothing
    {%- endfor %}
where 1 = 0
{%- endmacro %}
