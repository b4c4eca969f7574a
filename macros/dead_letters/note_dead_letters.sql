{#
    Statement for the post-hook of the decisions: notes each dead letter that was not known, so that
    the moment at which it was first seen outlives a rebuild.

    entity: the entity's name.
#}
{% macro note_dead_letters(entity) %}
insert into {{ source('ops', 'dead_letter_log') }}
    (entity, source, text_hash, record_id, recorded_at, run_id)
select
    '{{ entity }}',
    letters.source,
    letters.text_hash,
    min(letters.record_id),
    min(letters.decided_at),
    min(letters.run_id)
from {{ this }} as letters
left join {{ source('ops', 'dead_letter_log') }} as known
    on known.entity = '{{ entity }}'
    and known.text_hash = letters.text_hash
where letters.is_dead_letter
    and letters.load_id in (select load_id from {{ ref('int_' ~ entity ~ '__checked') }})
    and known.text_hash is null
group by
    letters.source,
    letters.text_hash
{% endmacro %}
