{#
    How a table is built: replaced in one statement. The adapter's own way is left what has a
    contract, or stands where another kind of relation does.
#}
{% materialization table, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if config.get('contract').enforced or (existing is not none and not existing.is_table) -%}
        {{ return(dbt.materialization_table_duckdb()) }}
    {%- endif -%}
    {{ return(replace_relation('table')) }}
{% endmaterialization %}
