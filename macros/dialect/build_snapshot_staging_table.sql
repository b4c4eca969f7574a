{#
    The changes, as dbt finds them, looked for among the snapshot's rows of the same keys only:
    dbt's query reads them twice, and would keep a copy of the whole snapshot for it.

    strategy:        what dbt made of the snapshot's configuration.
    sql:             the rows to take in.
    target_relation: the snapshot.
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
