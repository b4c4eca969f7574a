{#
    Post-hook of a target that has a history: of the rows that its projection displaced, those that
    came again with the same values stand on, since they first did. The others ended when their
    successor was applied; of a key that is gone, now.

    entity: the entity's name.
#}
{% macro end_states(entity) %}
{%- set starts = source('ops', 'kept_starts') -%}
{%- set ended = ref('int_' ~ entity ~ '__ended') -%}
{%- set without_end = 'select key_hash from ' ~ ended ~ ' where ended_at is null' -%}
{%- set judged = 'judged_' ~ entity -%}
{{ keep_result(judged, _judged(entity, without_end)) }};
{{ delete_where_in(starts, "entity = '" ~ entity ~ "'", 'key_hash', without_end) }};
insert into {{ starts }} (entity, key_hash, started_at)
select
    '{{ entity }}',
    key_hash,
    started_at
from {{ judged }}
where is_same
    and started_at <> next_applied_at;
{{ end_displaced(ended, judged) }};
{{ forget_result(judged) }}
{% endmacro %}


{#- The rows without an end, with what came instead: is_same, next_applied_at. -#}
{% macro _judged(entity, without_end) -%}
{%- set columns = contract(entity).columns -%}
select
    displaced.key_hash,
    displaced.started_at,
    rows_now.applied_at as next_applied_at,
    rows_now.key_hash is not null
    {%- for column in columns %}
    and displaced.{{ column }} is not distinct from rows_now.{{ column }}
    {%- endfor %} as is_same
from {{ ref('int_' ~ entity ~ '__ended') }} as displaced
left join (
    select
        key_hash,
        applied_at,
        {{ columns.keys() | join(',\n        ') }}
    from {{ this }}
    -- what was projected is of records that were checked, and these are in few blocks
    where record_id in (select record_id from {{ ref('int_' ~ entity ~ '__checked') }})
        and key_hash in ({{ without_end }})
) as rows_now
    on rows_now.key_hash = displaced.key_hash
where displaced.ended_at is null
{%- endmacro %}
