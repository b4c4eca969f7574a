{#
    Refuses to build an entity whose sensitive columns have changed since its decisions were made,
    until all its tables are made anew: decisions, letters and history would keep the values.

    entity: the entity's name.
#}
{% macro require_same_sensitive_columns(entity) %}
    {%- if execute and stored_order(entity) is not none -%}
        {%- set stored = stored_sensitive_columns(entity) -%}
        {%- set present = sensitive_columns(contract(entity)) -%}
        {%- set history = _tables_of_history(entity) if stored != present else [] -%}
        {%- if stored != present and not rebuilding() -%}
            {{ exceptions.raise_compiler_error(
                entity ~ ': its sensitive columns changed (' ~ (stored or 'none') ~ ' before, '
                ~ (present or 'none') ~ ' now), and its tables hold what they held: run '
                ~ '`dbt build --full-refresh --select tag:' ~ entity ~ '`, or undo the change'
            ) }}
        {%- elif history -%}
            {{ exceptions.raise_compiler_error(
                entity ~ ': its sensitive columns changed, and its history, which is never rebuilt, '
                ~ 'holds what it held: `drop table ' ~ history | join('; drop table ')
                ~ '`, then build again'
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#- Those that there are of the tables of which a history is made. -#}
{% macro _tables_of_history(entity) %}
    {% set found = [] %}
    {% if keeps_history(entity) %}
        {% for schema, name in [('intermediate', 'int_' ~ entity ~ '__ended'), ('marts', entity)]
            if warehouse_relation(schema, name) is not none %}
            {% do found.append(schema ~ '.' ~ name) %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}
