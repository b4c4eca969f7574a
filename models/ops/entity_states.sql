with

counts as (

    select * from {{ source('ops', 'run_counts') }}
    where source is null

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

pivoted as (

    select
        run_id,
        entity,
        {{ amount_of("measure = 'target_rows'") }} as target_rows,
        {%- for status in ['open', 'resolved', 'discarded'] %}
        {{ amount_of("measure = 'dead letters " ~ status ~ "'") }} as dead_letters_{{ status }},
        {%- endfor %}
        {{ amount_of("measure = 'dead letters of another contract'") }}
            as dead_letters_of_another_contract,
        {{ amount_of("substr(measure, 1, 8) = 'lineage '") }} as lineage_entries,
        {%- for step in ['stage', 'load', 'guard', 'reject', 'late', 'duplicate', 'redrive'] %}
        {{ amount_of("measure = 'lineage " ~ step ~ "'") }} as lineage_{{ step }},
        {%- endfor %}
        {%- for status in ['matched', 'mismatched', 'single_source'] %}
        {{ amount_of("measure = 'reconciliation " ~ status ~ "'") }} as {{ status }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from counts
    group by
        run_id,
        entity

)

select
    pivoted.run_id,
    pivoted.entity,
    pivoted.target_rows,
    pivoted.dead_letters_open,
    pivoted.dead_letters_resolved,
    pivoted.dead_letters_discarded,
    pivoted.dead_letters_of_another_contract,
    pivoted.lineage_entries,
    pivoted.lineage_stage,
    pivoted.lineage_load,
    pivoted.lineage_guard,
    pivoted.lineage_reject,
    pivoted.lineage_late,
    pivoted.lineage_duplicate,
    pivoted.lineage_redrive,
    pivoted.matched,
    pivoted.mismatched,
    pivoted.single_source,
    watermarks.watermark
from pivoted
left join watermarks
    on watermarks.run_id = pivoted.run_id
    and watermarks.entity = pivoted.entity
