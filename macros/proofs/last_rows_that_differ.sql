{#
    A query for what the target holds otherwise than the loads say that the run at work has
    completed: rows of theirs that are not those applied, and the number of its rows, if it is not
    the one of the run before with what they added and took away.

    entity: the entity's name.
#}
{% macro last_rows_that_differ(entity) %}
{%- set decisions = ref(entity ~ '_decisions') -%}
{%- set counts = source('ops', 'run_counts') -%}
with

loads as (

    {{ last_loads(entity) | indent(4) }}

),

applied as (

    select
        record_id,
        other_record_id,
        is_deletion
    from {{ decisions }}
    where outcome = 'applied'
        and load_id in (select load_id from loads)

),

in_force as (

    select
        applied.record_id,
        applied.is_deletion
    from applied
    left join applied as displacing
        on displacing.other_record_id = applied.record_id
    where displacing.record_id is null

),

expected as (

    select record_id from in_force where not is_deletion

),

found as (

    select record_id from {{ ref(entity) }}
    where load_id in (select load_id from loads)

),

sizes as (

    select
        (
            select amount from {{ counts }}
            where entity = '{{ entity }}'
                and measure = 'target_rows'
                and run_id = (
                    select max(run_id) from {{ counts }}
                    where entity = '{{ entity }}'
                        and measure = 'target_rows'
                )
        )
        + (select count(*) - count(other_record_id) from applied)
        - (select count(*) from in_force where is_deletion)
        + (
            select count(*)
            from {{ last_decisions(
                decisions,
                ['record_id'],
                "decided.is_deletion and decided.outcome = 'applied'"
                    ~ ' and decided.load_id not in (select load_id from loads)',
                'deletions',
            ) | indent(12) }}
            inner join applied
                on applied.other_record_id = deletions.record_id
        ) as expected_rows,
        (select count(*) from {{ ref(entity) }}) as found_rows

)

select
    'unknown, of the last run' as record_key,
    expected.record_id as expected_record_id,
    found.record_id as found_record_id,
    1 as rows_of_key
from expected
full outer join found
    on found.record_id = expected.record_id
where expected.record_id is null
    or found.record_id is null
union all
select
    'unknown, of the target as a whole' as record_key,
    expected_rows as expected_record_id,
    found_rows as found_record_id,
    null as rows_of_key
from sizes
where expected_rows is distinct from found_rows
{% endmacro %}
