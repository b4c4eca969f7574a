{#
    Statements that note the open requests of an entity as carried out. A rebuild has decided
    everything again, so it carries out all of them; with adapt off nothing was.

    entity: the entity's name.
#}
{% macro complete_reprocessing(entity) -%}
update {{ source('ops', 'reprocess_requests') }}
set completed_at = {{ utc_now() }}
where entity = '{{ entity }}'
    and completed_at is null
    and {{ '1 = 1' if stage_is_on('adapt') else '1 = 0' }};

delete from {{ source('ops', 'reprocess_records') }}
where entity = '{{ entity }}'
    and {{ '1 = 1' if stage_is_on('adapt') else '1 = 0' }}
{%- endmacro %}
