{#
    The changes, as dbt finds them, looked for among the snapshot's present rows of the same keys
    only: dbt's query reads them twice, and would keep a copy of the whole snapshot for it. The
    new rows and those of the same keys are kept as temporary tables: the engine cannot guess how
    few they are, and duckdb__snapshot_merge_sql reads the latter.

    strategy:        what dbt made of the snapshot's configuration.
    sql:             the rows to take in.
    target_relation: the snapshot.
#}
{% macro build_snapshot_staging_table(strategy, sql, target_relation) %}
    {%- set key = config.get('unique_key') -%}
    {%- set staging = duckdb__dispatch_temporary_relation(target_relation) -%}
    {% call statement('keep_changed_rows') %}
        create or replace temporary table changed_rows as {{ sql }};
        create or replace temporary table present_rows as
        select * from {{ target_relation }}
        where dbt_valid_to is null
            and {{ key }} in (select {{ key }} from changed_rows);
    {% endcall %}
    {% call statement('build_snapshot_staging_relation') %}
        {{ create_table_as(
            staging.temporary,
            staging.relation,
            snapshot_staging_table(strategy, 'select * from changed_rows', 'present_rows'),
        ) }}
    {% endcall %}
    {{ return(staging.relation) }}
{% endmacro %}
