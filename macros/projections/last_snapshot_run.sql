{#
    A query for the newest run of which a snapshot has a row; an empty text where it has none.

    snapshot: the relation of the snapshot.
#}
{% macro last_snapshot_run(snapshot) -%}
-- the newest rows are of the latest run; times are read faster than text
select coalesce(max(run_id), '') from {{ snapshot }}
where dbt_valid_from >= (select max(dbt_valid_from) from {{ snapshot }})
{%- endmacro %}
