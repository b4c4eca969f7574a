{#
    For a snapshot: the rows of a target that have changed since it was last taken, with the record
    and the run that brought them. A snapshot of all rows would compare the whole target in every
    run.

    entity: the entity whose target it is.
#}
{% macro changed_since(entity) -%}
select
    {{ contract(entity).columns.keys() | join(',\n    ') }},
    source,
    record_id,
    key_hash,
    run_id
from {{ ref(entity) }}
{%- if execute and load_relation(this) is not none %}
where run_id > ({{ last_snapshot_run(this) }})
{%- endif %}
{%- endmacro %}
