{#
    Builds an incremental model whose table is as the model wants it: the strategy's one statement
    reads the model's query. All other cases are left to the adapter.

    Reason: the adapter fills a temporary table first. The decisions of a first load, whose table the
    loader has made, would be written twice. For dbt-duckdb 1.11.1; needed until
    test_dbt_still_builds_increments_by_a_temporary_table fails.
#}
{% materialization incremental, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set strategy = config.get('incremental_strategy') -%}
    {%- if existing is none or not existing.is_table or should_full_refresh()
        or strategy not in ['append', 'project'] -%}
        {{ return(dbt.materialization_incremental_duckdb()) }}
    {%- endif -%}
    {%- set queries = {'table': 'table ' ~ existing, 'model': sql} -%}
    {%- if config.get('contract').enforced -%}
        {%- do queries.update({'contract': get_empty_schema_sql(model.columns)}) -%}
    {%- endif -%}
    {%- set found = columns_of_queries(queries) -%}
    {%- if found.model != found.table
        or found.get('contract', found.table) != found.table -%}
        {{ return(dbt.materialization_incremental_duckdb()) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {#- one that the model has no more stays in the table, NULL in new rows -#}
    {%- for name, type in found.table if name in model.columns -%}
        {%- do columns.append(api.Column(name, type)) -%}
    {%- endfor -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {{ context['get_incremental_' ~ strategy ~ '_sql']({
            'target_relation': existing,
            'temp_relation': '(' ~ sql ~ ')',
            'unique_key': config.get('unique_key'),
            'dest_columns': columns,
        }) }}
    {%- endcall %}
    {% do persist_docs(existing, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [existing]}) }}
{% endmaterialization %}
