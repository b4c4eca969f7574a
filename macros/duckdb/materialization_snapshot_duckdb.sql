{#
    Makes of a snapshot with the strategy `states` a view of the states that ended, and of those that
    stand in the target. Snapshots with other strategies are left to dbt.

    Reason: dbt keeps a table of all states. The target has those that stand already, and changes in
    another transaction. For dbt-duckdb 1.11.1; needed until
    test_dbt_still_keeps_the_states_that_stand_in_a_table fails.
#}
{% materialization snapshot, adapter='duckdb' %}
    {%- if config.get('strategy') != 'states' -%}
        {{ return(dbt.materialization_snapshot_default()) }}
    {%- endif -%}
    {%- set view = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        create or replace view {{ view }} as
        {{ sql }}
    {%- endcall %}
    {% do persist_docs(view, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [view]}) }}
{% endmaterialization %}
