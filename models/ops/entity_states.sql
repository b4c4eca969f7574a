{%- set figures = {
    'target_rows': "measure = 'target_rows'",
    'dead_letters_open': "measure = 'dead letters open'",
    'dead_letters_resolved': "measure = 'dead letters resolved'",
    'dead_letters_discarded': "measure = 'dead letters discarded'",
    'dead_letters_of_another_contract': "measure = 'dead letters of another contract'",
    'lineage_entries': "substr(measure, 1, 8) = 'lineage '",
    'lineage_stage': "measure = 'lineage stage'",
    'lineage_load': "measure = 'lineage load'",
    'lineage_delete': "measure = 'lineage delete'",
    'lineage_guard': "measure = 'lineage guard'",
    'lineage_reject': "measure = 'lineage reject'",
    'lineage_late': "measure = 'lineage late'",
    'lineage_duplicate': "measure = 'lineage duplicate'",
    'lineage_redrive': "measure = 'lineage redrive'",
    'lineage_reprocess': "measure = 'lineage reprocess'",
    'rows_under_older_rules': "measure = 'older_rules'",
    'rows_of_removed_sources': "measure = 'removed_source'",
    'matched': "measure = 'reconciliation matched'",
    'mismatched': "measure = 'reconciliation mismatched'",
    'single_source': "measure = 'reconciliation single_source'",
    'stale_source': "measure = 'reconciliation stale_source'",
} -%}
with

counts as (

    select * from {{ source('ops', 'run_counts') }}
    where source is null or measure in ('older_rules', 'removed_source')

),

-- several sources: the entity is as far as the one that is furthest behind
watermarks as (

    select
        log.run_id,
        sources.entity,
        min(log.stored) as watermark
    from {{ source('ops', 'watermark_log') }} as log
    inner join {{ source('raw', 'sources') }} as sources
        on sources.source = log.source
    group by
        log.run_id,
        sources.entity

),

counted as (

    select
        run_id,
        {% for figure, condition in figures.items() -%}
        {{ amount_of(condition) }} as {{ figure }},
        {% endfor -%}
        entity
    from counts
    group by
        run_id,
        entity

)

select
    counted.run_id,
    counted.entity,
    {% for figure in figures -%}
    counted.{{ figure }},
    {% endfor -%}
    watermarks.watermark
from counted
left join watermarks
    on watermarks.run_id = counted.run_id
    and watermarks.entity = counted.entity
