{#
    A query for the watermark of each source as the last run stored it.

    Columns: source, entry, stored (a text), watermark (the timestamp that the run wrote beside it),
    action.
#}
{% macro stored_watermarks() -%}
select
    log.source,
    log.entry,
    log.stored,
    log.watermark,
    log.action
from {{ source('ops', 'watermark_log') }} as log
inner join (
    select
        source,
        max(entry) as entry
    from {{ source('ops', 'watermark_log') }}
    group by source
) as last_entries
    on last_entries.source = log.source
    and last_entries.entry = log.entry
{%- endmacro %}
