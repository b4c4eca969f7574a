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
