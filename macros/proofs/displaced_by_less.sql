{#
    A query for the records that displaced a greater one of their key, in the loads completed last
    and in what was decided again since. Each displaced the row of its key, so where all are greater
    than the one before, the last is the greatest.

    entity: the entity's name.
#}
{% macro displaced_by_less(entity) %}
{%- set contract = contract(entity) -%}
{%- set decisions = ref(entity ~ '_decisions') -%}
{%- set finished = source('ops', 'completed_loads') -%}
{%- set last_run -%}
(select max(run_id) from {{ finished }} where entity = '{{ entity }}')
{%- endset -%}
select
    displacing.record_key,
    displaced.record_id as expected_record_id,
    displacing.record_id as found_record_id,
    1 as rows_of_key
from (
    select * from {{ decisions }}
    where load_id in (
        select load_id from {{ finished }}
        where entity = '{{ entity }}'
            and run_id = {{ last_run }}
    )
    union all
    select * from {{ decisions }}
    where record_id in (
        select record_id from {{ source('ops', 'redrive_requests') }}
        where entity = '{{ entity }}'
    )
        and run_id >= {{ last_run }}
) as displacing
inner join {{ decisions }} as displaced
    on displaced.record_id = displacing.other_record_id
    and displaced.outcome = 'applied'
where displacing.outcome = 'applied'
    and not {{ is_greater(contract, 'displacing', 'displaced') }}
{% endmacro %}
