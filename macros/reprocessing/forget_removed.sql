{#
    Statements for the pre-hook of the decisions, in the transaction of those that are made now:
    forgets what was decided of records, among those that are reprocessed, whose source is
    registered no more, and the deletions that its files implied. If it is registered again, its
    loads are decided anew.

    entity: the entity's name.
#}
{% macro forget_removed(entity) %}
{%- if execute and not rebuilding() and open_requests(entity) -%}
{%- set removed -%}
select record_id from {{ source('ops', 'reprocess_records') }}
where entity = '{{ entity }}'
    and new_key_hash is null
{%- endset -%}
{%- set decisions = warehouse_relation('ops', entity ~ '_decisions') -%}
{{ delete_where_in(
    source('ops', 'completed_loads'),
    "entity = '" ~ entity ~ "'",
    'load_id',
    'select load_id from ' ~ decisions ~ ' where record_id in (' ~ removed ~ ')',
) }};
{{ delete_where_in(decisions, '1 = 1', 'record_id', removed) }}
{%- if is_delivered_in_full(entity) or is_reprocessed_whole(entity) %};
delete from {{ decisions }} where row_number is null
{%- endif %}
{%- endif -%}
{% endmacro %}
