{#
    Post-hook of a target that has a history: of the rows that its projection displaced, those that
    came again with the same values stand on, since they first did. The others ended when their
    successor was applied; of a key that is gone, now.

    entity: the entity's name.
#}
{% macro end_states(entity) %}
{%- set starts = source('ops', 'kept_starts') -%}
{%- set judged = _judged(entity) -%}
{{ delete_where_in(
    starts,
    "entity = '" ~ entity ~ "'",
    'key_hash',
    'select key_hash from ' ~ ref('int_' ~ entity ~ '__ended') ~ ' where ended_at is null',
) }};
insert into {{ starts }} (entity, key_hash, started_at)
select
    '{{ entity }}',
    key_hash,
    started_at
from (
    {{ judged | indent(4) }}
) as judged
where is_same
    and started_at <> next_applied_at;
{{ end_displaced(ref('int_' ~ entity ~ '__ended'), judged) }}
{% endmacro %}


{#- The rows without an end, with what came instead: is_same, next_applied_at. -#}
{% macro _judged(entity) -%}
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
    -- what was projected is of records that were checked
    where record_id in (select record_id from {{ ref('int_' ~ entity ~ '__checked') }})
) as rows_now
    on rows_now.key_hash = displaced.key_hash
where displaced.ended_at is null
{%- endmacro %}
