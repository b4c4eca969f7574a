{#
    For a snapshot: a query for the digests of the keys that may have left the target since it was
    last taken, by a deletion. After a rebuild, or where keys were reprocessed, it may be any: there
    the query gives those that the target has no more.

    entity:   the entity whose target it is.
    snapshot: the relation of the snapshot.
#}
{% macro ended_keys(entity, snapshot) -%}
{%- set target_rows = warehouse_relation('marts', entity) -%}
{%- if rebuilding() or _was_reprocessed(entity, snapshot) -%}
select snapshots.key_hash
from {{ snapshot }} as snapshots
left join {{ target_rows }} as present
    on present.key_hash = snapshots.key_hash
where snapshots.dbt_valid_to is null
    and present.key_hash is null
{%- else -%}
select deleted.key_hash
from {{ warehouse_relation('ops', entity ~ '_decisions') }} as deleted
left join {{ target_rows }} as present
    on present.key_hash = deleted.key_hash
where deleted.is_deletion
    and deleted.outcome = 'applied'
    and deleted.run_id > ({{ last_snapshot_run(snapshot) | indent(4) }})
    and present.key_hash is null
{%- endif -%}
{%- endmacro %}


{% macro _was_reprocessed(entity, snapshot) %}
    {% for (amount,) in rows_of(
        'select count(*) from ' ~ source('ops', 'reprocess_requests') ~ " where entity = '"
        ~ entity ~ "' and coalesce(completed_at >= (select max(coalesce(dbt_valid_to, "
        ~ 'dbt_valid_from)) from ' ~ snapshot ~ '), true)'
    ) %}
        {{ return(amount > 0) }}
    {% endfor %}
{% endmacro %}
