{#
    A query that compares the stored watermark of each source with the one that its decisions give,
    and says what becomes of a difference: a stored value that is wrong is ignored.

    decisions: the decisions of all entities, with the column entity, as written after `from`.
    condition: which of them count.

    Columns: entity, source, stored, recomputed, watermark (the same; the others are texts),
    action, last_action.
#}
{% macro compared_watermarks(decisions, condition='1 = 1') -%}
select
    recomputed.entity,
    recomputed.source,
    stored.stored,
    {{ watermark_text('recomputed.watermark') }} as recomputed,
    recomputed.watermark,
    case
        when stored.source is null then 'recomputed: nothing was stored yet'
        when trim(coalesce(stored.stored, '')) = ''
            then 'recomputed: the stored value is empty'
        when stored.stored_at is null then 'recomputed: the stored value is no timestamp'
        when stored.stored_at > {{ utc_now() }}
            then 'recomputed: the stored value lies in the future'
        when stored.stored_at < recomputed.watermark
            then 'recomputed: the stored value is too low'
        when stored.stored_at > recomputed.watermark
            then 'recomputed: the stored value is too high'
        else 'kept'
    end as action,
    stored.action as last_action
from (
    {{ accepted_watermarks(decisions, condition, ['entity', 'source']) | indent(4) }}
) as recomputed
left join (
    select
        last_stored.*,
        try_cast(last_stored.stored as timestamp) as stored_at
    from (
        {{ stored_watermarks() | indent(8) }}
    ) as last_stored
) as stored
    on stored.source = recomputed.source
where recomputed.watermark is not null
{%- endmacro %}
