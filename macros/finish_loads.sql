{#
    Post-hook of the last model of an entity's chain: records that the loads of this run are
    finished, now that every projection holds them, and with them the redrives. Writes nothing
    for a load of which a row is missing.

    entity: the entity's name.
#}
{% macro finish_loads(entity) %}
insert into {{ source('ops', 'loads_finished') }} (entity, part, load_id, run_id, finished_at)
select
    '{{ entity }}' as entity,
    'target' as part,
    landed.load_id,
    run.run_id,
    {{ utc_now() }} as finished_at
from (
    select
        load_id,
        count(*) as checked_rows
    from {{ ref('int_' ~ entity ~ '__checked') }}
    where attempt = 1
    group by load_id
) as done
inner join {{ source('raw', 'loads') }} as landed
    on landed.load_id = done.load_id
    and landed.rows = done.checked_rows
cross join ({{ current_run() }}) as run;

update {{ source('ops', 'redrive_requests') }}
set finished_at = {{ utc_now() }}
where entity = '{{ entity }}'
    and finished_at is null
    and record_id in (
        select record_id from {{ ref('int_' ~ entity ~ '__checked') }} where attempt > 1
    )
{% endmacro %}
