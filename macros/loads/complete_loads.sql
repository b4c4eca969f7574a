{#
    Post-hook of the last model of an entity's chain: notes the loads of this run as completed, now
    that every projection has their records, and the redrives with them. A load with a record that
    is not decided stays unfinished.

    entity: the entity's name.
#}
{% macro complete_loads(entity) %}
{%- set checked = ref('int_' ~ entity ~ '__checked') -%}
{%- set decisions = ref(entity ~ '_decisions') -%}
insert into {{ source('ops', 'completed_loads') }} (entity, part, load_id, run_id, completed_at)
select
    '{{ entity }}' as entity,
    'target' as part,
    landed.load_id,
    run.run_id,
    {{ utc_now() }} as completed_at
from (
    select
        load_id,
        count(row_number) as decided_rows
    from {{ decisions }}
    where attempt = 1
        and load_id in (select load_id from {{ checked }})
    group by load_id
) as done
inner join {{ source('raw', 'loads') }} as landed
    on landed.load_id = done.load_id
    and landed.rows = done.decided_rows
-- of a load that is completed, single records may be decided again
left join {{ source('ops', 'completed_loads') }} as completed
    on completed.entity = '{{ entity }}'
    and completed.part = 'target'
    and completed.load_id = landed.load_id
cross join ({{ current_run() }}) as run
where completed.load_id is null;

{% set redriven -%}
select checked.record_id
from {{ checked }} as checked
inner join {{ decisions }} as decided
    on {{ was_decided() | indent(4) }}
where checked.attempt > 1
{%- endset -%}
{{ update_where_in(
    source('ops', 'redrive_requests'),
    'completed_at',
    utc_now(),
    "entity = '" ~ entity ~ "' and completed_at is null",
    'record_id',
    redriven,
) }};

{{ complete_reprocessing(entity) }}
{% endmacro %}
