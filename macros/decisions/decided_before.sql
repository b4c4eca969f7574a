{#
    For decide_records, after `from`: the entity's decisions written so far. A rebuild begins with
    none.
#}
{% macro decided_before() -%}
{%- if is_incremental() -%}
{{ this }}
{%- else -%}
(
    select
        cast(null as {{ dbt.type_string() }}) as source,
        cast(null as bigint) as load_id,
        cast(null as bigint) as record_id,
        cast(null as bigint) as attempt,
        cast(null as {{ dbt.type_string() }}) as record_key,
        cast(null as bigint) as key_hash,
        cast(null as timestamp) as event_time,
        cast(null as decimal(38, 0)) as content_hash,
        cast(null as decimal(38, 0)) as rejection_hash,
        cast(null as {{ dbt.type_string() }}) as outcome,
        cast(null as bigint) as other_record_id
    where 1 = 0
) as decided_by_none
{%- endif -%}
{%- endmacro %}
