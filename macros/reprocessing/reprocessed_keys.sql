{#
    A query for the digests of the keys that this run decides again as a whole, by their old and
    their new name: what the projections hold of them goes, and comes anew.

    entity: the entity's name.
#}
{% macro reprocessed_keys(entity) -%}
select key_hash from {{ source('ops', 'reprocess_records') }}
where entity = '{{ entity }}'
union all
select new_key_hash from {{ source('ops', 'reprocess_records') }}
where entity = '{{ entity }}'
{%- endmacro %}
