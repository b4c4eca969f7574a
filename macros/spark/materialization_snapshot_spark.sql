{#
    Makes of a snapshot with the strategy `states` a view, as materialization_snapshot_duckdb does.
    Snapshots with other strategies are left to dbt.

    Reason: dbt-spark keeps a table of all states, also of those that the target has. For dbt-spark
    1.11.0.
#}
{% materialization snapshot, adapter='spark' %}
    {%- if config.get('strategy') != 'states' -%}
        {{ return(dbt_spark.materialization_snapshot_spark()) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        create or replace view {{ this }} as
        {{ sql }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
