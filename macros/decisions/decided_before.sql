{#
    For decide_records, after `from`, with an alias behind it: the entity's decisions written so far.
    A rebuild begins with none.
#}
{% macro decided_before() -%}
{%- if is_incremental() -%}
{{ this }}
{%- else -%}
(
    select
        cast(null as {{ dbt.type_string() }}) as source,
        cast(null as bigint) as load_id,
        cast(null as bigint) as row_number,
        cast(null as bigint) as record_id,
        cast(null as bigint) as attempt,
        cast(null as {{ dbt.type_string() }}) as record_key,
        cast(null as bigint) as key_hash,
        cast(null as timestamp) as event_time,
        cast(null as bigint) as arrived_as,
        cast(null as decimal(38, 0)) as content_hash,
        cast(null as decimal(38, 0)) as text_hash,
        cast(null as bigint) as rule_set,
        cast(null as {{ dbt.type_string() }}) as outcome,
        cast(null as bigint) as other_record_id,
        cast(null as boolean) as is_deletion,
        cast(null as {{ dbt.type_string() }}) as run_id
    where 1 = 0
)
{%- endif -%}
{%- endmacro %}
