{#
    The target is a projection of the decisions: one row for each key whose greatest applied record
    is no deletion, and it is that record. Each record that displaced another lately is compared with
    that one; the target by its number of rows and by their identities, taken together, which no
    lost, doubled or exchanged row leaves as they are, and which cost little whatever the history.
    Where these differ, all keys are compared one by one. One row per breach.

    Keys are told apart by their digests. Where two keys of one digest met, one was taken for the
    other: that, too, is a breach.

    model:  the last model of the entity's chain.
    entity: the entity of the target.
#}
{% test holds_the_greatest_of_each_key(model, entity) %}
{%- set decisions = ref(entity ~ '_decisions') -%}
{%- set totals -%}
    -- no rows where all is well
    -- an applied record names what it displaced, so what is left of them is what the keys hold:
    -- taken together, the identities of all that was applied, of all that was displaced and of the
    -- rows cancel out; with those of deletions that a key holds, and twice those of decisions that
    -- were replaced
    select
        expected_rows,
        found_rows
    from (
        select
            sum(expected_rows) as expected_rows,
            sum(found_rows) as found_rows,
            bit_xor(identities) as difference
        from (
            select
                count(*) - count(other_record_id) as expected_rows,
                0 as found_rows,
                bit_xor(record_id) as identities
            from {{ decisions }}
            where outcome = 'applied'
            union all
            select
                0 as expected_rows,
                0 as found_rows,
                bit_xor(other_record_id) as identities
            from {{ decisions }}
            where outcome = 'applied'
                and other_record_id is not null
            union all
            select
                count(other_record_id) - count(*) as expected_rows,
                0 as found_rows,
                bit_xor(record_id) as identities
            from {{ replaced_decisions(decisions) | indent(12) }}
            where outcome = 'applied'
            union all
            select
                0 as expected_rows,
                0 as found_rows,
                bit_xor(other_record_id) as identities
            from {{ replaced_decisions(decisions) | indent(12) }}
            where outcome = 'applied'
            union all
            select
                0 - count(*) as expected_rows,
                0 as found_rows,
                bit_xor(record_id) as identities
            from (
                {{ deletions_in_force(decisions) | indent(16) }}
            ) as deletions
            union all
            select
                0 as expected_rows,
                count(*) as found_rows,
                bit_xor(record_id) as identities
            from {{ ref(entity) }}
        ) as sides
    ) as totals
    where expected_rows <> found_rows
        or difference <> 0
{%- endset -%}
{%- if not is_delivered_in_full(entity) -%}
    {%- set of_the_last_run -%}
    select * from ({{ displaced_by_less(entity) }}) as displaced
    union all
    select * from ({{ last_rows_that_differ(entity) }}) as differing
    {%- endset -%}
    {%- do hand_to_plan('of the last run', of_the_last_run) -%}
{%- endif -%}
{#-
    Asked beforehand, so that where all is well no more is read. The compiled plan asks it, too: the
    line "no rows where all is well" tells it to.
-#}
{%- set is_asked = execute and flags.WHICH in ['build', 'test'] -%}
{%- set may_be_uneven = not is_asked or rows_of(totals) | length > 0 -%}
with

wrong as (

    {{ displaced_by_less(entity) | indent(4) }}
    union all
    {{ shared_digests(entity) | indent(4) }}
    {%- if may_be_uneven %}
    union all
    {{ not_the_greatest(entity) | indent(4) }}
    {%- endif %}

)

select * from wrong
{%- if may_be_uneven %}
union all
select
    'unknown, of the target as a whole' as record_key,
    uneven.expected_rows as expected_record_id,
    uneven.found_rows as found_record_id,
    null as rows_of_key
from ({{ totals }}) as uneven
where (select count(*) from wrong) = 0
{%- endif %}
{% endtest %}
