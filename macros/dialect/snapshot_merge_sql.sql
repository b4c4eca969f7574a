{#
    How a snapshot takes its changes in. The adapter's own way updates the rows that end, which
    writes every block that holds one anew; deleting and inserting them writes only them.

    target:      the snapshot.
    source:      the changes, of which dbt_change_type says what they are.
    insert_cols: the columns of the snapshot.
#}
{% macro duckdb__snapshot_merge_sql(target, source, insert_cols) -%}
    {%- set columns = insert_cols | join(', ') -%}
    {%- set key = config.get('unique_key') -%}
    create or replace temporary table ended_rows as
    select snapshotted.* replace (changes.dbt_valid_to as dbt_valid_to)
    from {{ target }} as snapshotted
    inner join {{ source }} as changes
        on changes.{{ key }} = snapshotted.{{ key }}
        and changes.dbt_scd_id = snapshotted.dbt_scd_id
    where changes.dbt_change_type = 'update'
        and snapshotted.dbt_valid_to is null;
    delete from {{ target }}
    where dbt_valid_to is null
        and {{ key }} in (select {{ key }} from ended_rows);
    insert into {{ target }} by name
    select * from ended_rows;
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ source }}
    where dbt_change_type = 'insert';
    drop table ended_rows;
{%- endmacro %}


{#
    The changes, as dbt finds them, looked for among the snapshot's rows of the same keys only:
    dbt's query reads them twice, and would keep a copy of the whole snapshot for it.
#}
{% macro build_snapshot_staging_table(strategy, sql, target_relation) %}
    {%- set key = config.get('unique_key') -%}
    {%- set staging = duckdb__dispatch_temporary_relation(target_relation) -%}
    {%- set same_keys %}
        (
            select * from {{ target_relation }}
            where {{ key }} in (select {{ key }} from ({{ sql }}) as changed)
        )
    {%- endset -%}
    {% call statement('build_snapshot_staging_relation') %}
        {{ create_table_as(
            staging.temporary, staging.relation, snapshot_staging_table(strategy, sql, same_keys)
        ) }}
    {% endcall %}
    {{ return(staging.relation) }}
{% endmacro %}
