{#
    Statements for the pre-hook of the checked records: of the landed records that this build decides,
    those of a forgotten key lose their text before anything is made of it. What stays is the row,
    with the problem `forgotten`, so it is counted and rejected. None where no key of the entity
    was forgotten.

    entity: the entity's name.
#}
{% macro scrub_forgotten(entity) %}
{%- if entity in forgotten_entities() -%}
{%- for name in sources_of(entity) %}
update {{ source('raw', name) }}
set record = null, problem = 'forgotten', position = null
where load_id in (select load_id from ({{ _loads_to_decide(entity) }}) as loads_to_decide)
    and load_id * {{ rows_per_load() }} + row_number in (
        {{ _records_of_forgotten(entity, name) | indent(8) }}
    );
{%- endfor -%}
{%- endif -%}
{% endmacro %}


{% macro _loads_to_decide(entity) -%}
    select load_id
    from (
        {{ unfinished_loads(entity) | indent(8) }}
    ) as unfinished
    {%- if not rebuilding() %}
    union
    select {{ load_of('record_id') }}
    from {{ source('ops', 'reprocess_records') }}
    where entity = '{{ entity }}'
    union
    select {{ load_of('record_id') }}
    from {{ source('ops', 'redrive_requests') }}
    where entity = '{{ entity }}'
        and completed_at is null
    {%- endif %}
{%- endmacro %}


{% macro _records_of_forgotten(entity, name) -%}
select unioned.record_id
from {{ ref('int_' ~ entity ~ '__unioned') }} as unioned
inner join (
    {{ _loads_to_decide(entity) | indent(4) }}
) as loads_to_decide
    on loads_to_decide.load_id = unioned.load_id
left join (
    select
        source,
        {{ null_texts('settings_now') }} as null_texts
    from {{ source('raw', 'sources') }} as settings_now
) as settings
    on settings.source = unioned.source
where unioned.source = '{{ name }}'
    and {{ keyed_digest(warehouse_salt(), key_of_staged(entity, 'unioned')) }} in (
        select key_digest from {{ source('raw', 'forgotten') }}
        where entity = '{{ entity }}'
    )
{%- endmacro %}
