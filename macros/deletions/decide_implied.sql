{#
    For decide_records: a query for the decisions on the deletions that full deliveries imply, in the
    columns of its CTE `concluded`. Reads the CTEs `implied` and `placed`.
#}
{% macro decide_implied() -%}
select
    implied.source,
    implied.load_id,
    cast(null as bigint) as row_number,
    implied.record_id,
    1 as attempt,
    implied.record_key,
    implied.key_hash,
    cast(null as timestamp) as event_time,
    cast(null as bigint) as arrived_as,
    cast(null as decimal(38, 0)) as content_hash,
    cast(null as decimal(38, 0)) as text_hash,
    implied.rule_set,
    case
        when placed.greater_held_id is not null then 'outdated'
        when placed.place > 1 then 'superseded'
        else 'applied'
    end as outcome,
    case
        when placed.greater_held_id is not null then placed.greater_held_id
        when placed.place > 1 then placed.greatest_id
        else placed.held_id
    end as other_record_id,
    true as is_deletion,
    split(cast(null as {{ dbt.type_string() }}), ',') as reasons,
    cast(null as {{ dbt.type_string() }}) as error,
    cast(null as {{ dbt.type_string() }}) as explanation,
    cast(null as {{ dbt.type_string() }}) as record,
    false as is_tie,
    false as is_ambiguous_time,
    true as is_validated,
    cast(null as {{ dbt.type_string() }}) as freshness,
    'apply' as late
from implied
inner join placed
    on placed.record_id = implied.record_id
{%- endmacro %}
