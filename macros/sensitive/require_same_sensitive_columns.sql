{#
    Refuses to build an entity whose sensitive columns have changed since its decisions were made,
    until all its tables are made anew: decisions, letters and history would keep the values.

    entity: the entity's name.
#}
{% macro require_same_sensitive_columns(entity) %}
    {%- if execute and stored_order(entity) is not none -%}
        {%- set stored = stored_sensitive_columns(entity) -%}
        {%- set present = sensitive_columns(contract(entity)) -%}
        {%- set history = warehouse_relation('marts', entity ~ '_history') -%}
        {%- if stored != present and not rebuilding() -%}
            {{ exceptions.raise_compiler_error(
                entity ~ ': its sensitive columns changed (' ~ (stored or 'none') ~ ' before, '
                ~ (present or 'none') ~ ' now), and its tables hold what they held: run '
                ~ '`dbt build --full-refresh --select tag:' ~ entity ~ '`, or undo the change'
            ) }}
        {%- elif stored != present and history is not none -%}
            {{ exceptions.raise_compiler_error(
                entity ~ ': its sensitive columns changed, and marts.' ~ entity ~ '_history, which '
                ~ 'is never rebuilt, holds what it held: `drop table marts.' ~ entity
                ~ '_history`, then build again'
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
