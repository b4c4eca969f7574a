{#
    Builds a snapshot by one statement: rows of which a compared column changed, and those whose key is
    gone, end, and the new ones begin.

    Reason: dbt-spark makes a view and compares keys in text; rows that a deletion takes out of the
    target would not end. It stands for materialization_snapshot_duckdb.
#}
{% materialization snapshot, adapter='spark' %}
    {%- set existing = load_relation(this) -%}
    {%- set key = config.get('unique_key') -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing is none -%}
        {% call statement('main') -%}
            create table {{ this }} using delta as
            select {{ _columns_of_new_states(key) }}
            from ({{ sql }}) as beginning
        {%- endcall %}
    {%- else -%}
        {% call statement('main') -%}
            {{ _changed_states(existing, key) }}
        {%- endcall %}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}


{% macro _columns_of_new_states(key) -%}
beginning.*,
    {{ _identity_of_state() }} as dbt_scd_id,
    {{ snapshot_get_time() }} as dbt_updated_at,
    {{ snapshot_get_time() }} as dbt_valid_from,
    cast(null as timestamp) as dbt_valid_to
{%- endmacro %}


{#- As duckdb__snapshot_hash_arguments has it. -#}
{% macro _identity_of_state() -%}
cast(
        cast(unix_micros({{ snapshot_get_time() }}) as decimal(18, 0)) * 10000000000000000000
        + beginning.record_id
        as decimal(38, 0)
    )
{%- endmacro %}


{% macro _changed_states(existing, key) -%}
merge into {{ existing }} as kept
using (
    with

    given as (

        select * from ({{ sql }}) as given_rows

    ),

    present as (

        select * from {{ existing }} where dbt_valid_to is null

    ),

    beginning as (

        select given.*
        from given
        left join present
            on present.{{ key }} = given.{{ key }}
            {%- for column in config.get('check_cols') %}
            and present.{{ column }} is not distinct from given.{{ column }}
            {%- endfor %}
        where present.{{ key }} is null

    ),

    ended as (

        select present.dbt_scd_id
        from present
        where present.{{ key }} in (select {{ key }} from beginning)
            or present.{{ key }} in ({{ ended_keys(model.tags[0], existing) }})

    )

    select
        {{ _columns_of_new_states(key) }},
        cast(null as decimal(38, 0)) as ended_id
    from beginning
    union all
    select
        {% for column in adapter.get_columns_in_relation(existing) %}null, {% endfor %}
        dbt_scd_id
    from ended
) as given
on kept.dbt_scd_id = given.ended_id
when matched then update set dbt_valid_to = {{ snapshot_get_time() }}
when not matched and given.ended_id is null then insert *
{%- endmacro %}
