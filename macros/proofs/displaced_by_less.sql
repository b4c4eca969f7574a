{#
    A query for the records that displaced a greater one of their key, in the loads that were
    finished last and in what was decided again since. Each displaced the one that held the key, so
    where all are greater than the one before, the last is the greatest.

    entity: the entity's name.
#}
{% macro displaced_by_less(entity) %}
{%- set contract = contract(entity) -%}
{%- set decisions = ref(entity ~ '_decisions') -%}
{%- set finished = source('ops', 'completed_loads') -%}
{%- set last_run -%}
(select max(run_id) from {{ finished }} where entity = '{{ entity }}')
{%- endset -%}
{%- set its_rank = preference_rank(contract, 'displacing') -%}
{%- set rank_before = preference_rank(contract, 'displaced') -%}
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
    and not (
        {{ its_rank }} < {{ rank_before }}
        or (
            {{ its_rank }} = {{ rank_before }}
            {%- if contract.event_time %}
            and (
                displacing.event_time > displaced.event_time
                or (
                    displacing.event_time = displaced.event_time
                    and displacing.content_hash > displaced.content_hash
                )
            )
            {%- else %}
            and displacing.record_id > displaced.record_id
            {%- endif %}
        )
    )
{% endmacro %}
