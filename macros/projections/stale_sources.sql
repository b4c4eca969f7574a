{#
    A query for the sources of an entity that have not delivered for longer than their `stale_after`.

    entity: the entity's name.

    Columns: source.
#}
{% macro stale_sources(entity) -%}
select settings.source
from {{ source('raw', 'sources') }} as settings
cross join ({{ current_run() }}) as run
left join (
    select
        source,
        max(landed_at) as landed_at
    from {{ source('raw', 'loads') }}
    where status = 'landed'
    group by source
) as deliveries
    on deliveries.source = settings.source
where settings.entity = '{{ entity }}'
    and settings.stale_after is not null
    and coalesce(
        deliveries.landed_at < run.run_clock - settings.stale_after * interval '1' second, true
    )
{%- endmacro %}
