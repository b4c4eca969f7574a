{#
    A statement that stores the same as count_state, from the counts of the run before and from what
    this run decided: records that landed, and nothing that was decided before. It reads of the past
    only the letters that these records are about.

    entity: the entity's name.
#}
{% macro follow_state(entity) %}
{%- set decisions = warehouse_relation('ops', entity ~ '_decisions') -%}
{%- set counts = source('ops', 'run_counts') -%}
insert into {{ counts }} (run_id, entity, source, measure, amount)
with

run as (

    {{ current_run() | indent(4) }}

),

before as (

    select
        measure,
        amount
    from {{ counts }}
    where entity = '{{ entity }}'
        and source is null
        and run_id = (
            select max(run_id) from {{ counts }}
            where entity = '{{ entity }}'
                and measure = 'runs since all was counted'
        )

),

older_rule_sets as (

    {{ older_rule_sets(entity) | indent(4) }}

),

decided as (

    select
        load_id,
        outcome,
        is_deletion,
        source,
        text_hash,
        key_hash
    from {{ decisions }}
    where {{ decided_in_this_run(entity) | indent(8) }}

),

-- what may stand otherwise than before: a text that was sent, or one of a key that was accepted
touched_texts as (

    select text_hash
    from decided
    where text_hash is not null
    union
    select waiting.text_hash
    from {{ decisions }} as waiting
    inner join decided
        on decided.key_hash = waiting.key_hash
    where waiting.text_hash is not null
        and {{ is_accepted('decided.outcome') }}

),

sent as (

    select
        record_id,
        key_hash
    from {{ decisions }}
    where text_hash is not null
        and text_hash in (select text_hash from touched_texts)

),

-- all decisions that say how these texts stand
touched_records as (

    select record_id
    from sent
    union
    select record_id
    from {{ decisions }}
    where key_hash in (select key_hash from sent)

),

touched as (

    select
        source,
        load_id,
        record_id,
        attempt,
        -- as good as the text, of which the few cost as much as all; see staged_key_hash
        case when key_hash <> record_id then cast(key_hash as {{ dbt.type_string() }}) end
            as record_key,
        key_hash,
        event_time,
        content_hash,
        text_hash,
        rule_set,
        outcome,
        other_record_id,
        is_dead_letter,
        reasons,
        error,
        -- no part of how a letter stands
        cast(null as {{ dbt.type_string() }}) as explanation,
        cast(null as {{ dbt.type_string() }}) as record,
        run_id,
        decided_at
    from {{ rows_of_keys(
        decisions, 'record_id', 'select record_id from touched_records'
    ) | indent(4) }} as wanted

),

letters as (

    select
        status,
        rule_set,
        1 as amount
    from (
        {{ dead_letters_of(entity, 'touched') | indent(8) }}
    ) as standing
    union all
    select
        status,
        rule_set,
        -1 as amount
    from (
        {{ dead_letters_of(
            entity, '(select * from touched where load_id not in (select load_id from decided))'
        ) | indent(8) }}
    ) as stood

),

steps as (

    {{ lineage_steps() | indent(4) }}

),

totals as (

    select
        measure,
        sum(amount) as amount
    from (
        select
            measure,
            amount
        from before
        where measure like 'dead letters %'
            or measure like 'lineage %'
        union all
        select concat_ws('', 'dead letters ', status), amount
        from letters
        union all
        select 'dead letters of another contract', letters.amount
        from letters
        inner join older_rule_sets
            on older_rule_sets.rule_set = letters.rule_set
        where letters.status = 'open'
            and older_rule_sets.is_registered
        union all
        select concat_ws('', 'lineage ', steps.step), 1
        from decided
        inner join steps
            on steps.outcome = decided.outcome
            and steps.is_deletion = decided.is_deletion
    ) as changes
    group by measure

)

select run.run_id, '{{ entity }}', state.source, state.measure, state.amount
from (
    select null as source, measure, amount
    from totals
    where amount <> 0
        or measure = 'dead letters of another contract'
    union all
    select null, measure, amount + 1
    from before
    where measure = 'runs since all was counted'
    union all
    {{ present_state(entity) | indent(4) }}
) as state
cross join run
{% endmacro %}
