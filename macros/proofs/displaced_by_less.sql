{#
    A query for the records that displaced a greater one of their key, in the loads completed last
    and in what was decided again since. Each displaced what its key held, so where all are greater
    than the one before, the last is the greatest.

    entity: the entity's name.
#}
{% macro displaced_by_less(entity) %}
{%- set contract = contract(entity) -%}
{%- set decisions = ref(entity ~ '_decisions') -%}
{%- set finished = source('ops', 'completed_loads') -%}
{%- set columns = [
    'source', 'load_id', 'record_id', 'record_key', 'event_time', 'arrived_as', 'outcome',
    'other_record_id', 'attempt', 'run_id',
] -%}
{%- set last_run -%}
(select max(run_id) from {{ finished }} where entity = '{{ entity }}')
{%- endset -%}
select
    displacing.record_key,
    displaced.record_id as expected_record_id,
    displacing.record_id as found_record_id,
    1 as rows_of_key
from (
    select * from {{ last_decisions(decisions, columns) | indent(4) }}
    where load_id in (
        select load_id from {{ finished }}
        where entity = '{{ entity }}'
            and run_id = {{ last_run }}
    )
    union all
    select * from {{ last_decisions(decisions, columns) | indent(4) }}
    where attempt > 1
        and run_id >= {{ last_run }}
) as displacing
inner join {{ last_decisions(decisions, columns, alias='displaced') }}
    on displaced.record_id = displacing.other_record_id
    and displaced.outcome = 'applied'
where displacing.outcome = 'applied'
    and not {{ is_greater(contract, 'displacing', 'displaced') }}
{% endmacro %}
