{#
    How a snapshot takes its changes in. The adapter's own way updates the rows that end, which
    writes every block that holds one anew; deleting and inserting them writes only them. They
    stand in present_rows, which build_snapshot_staging_table made.

    target:      the snapshot.
    source:      the changes, of which dbt_change_type says what they are.
    insert_cols: the columns of the snapshot.
#}
{% macro duckdb__snapshot_merge_sql(target, source, insert_cols) -%}
    {%- set columns = insert_cols | join(', ') -%}
    {%- set key = config.get('unique_key') -%}
    delete from {{ target }}
    where dbt_valid_to is null
        and {{ key }} in (select {{ key }} from {{ source }} where dbt_change_type = 'update');
    insert into {{ target }} by name
    select present_rows.* replace (changes.dbt_valid_to as dbt_valid_to)
    from present_rows
    inner join {{ source }} as changes
        on changes.{{ key }} = present_rows.{{ key }}
    where changes.dbt_change_type = 'update';
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ source }}
    where dbt_change_type = 'insert';
{%- endmacro %}
