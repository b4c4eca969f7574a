{#
    A statement that stores how many records of an entity a run decided, by source and outcome, and
    what else the receipt counts of them. A deletion that a full delivery implies is no record: it
    is counted apart. Decisions are stored in the order in which they were made, so the bound on
    time keeps the query from reading the past.

    entity:             the entity's name.
    run_id, started_at: the run.
#}
{% macro count_outcomes(entity, run_id, started_at) %}
insert into {{ source('ops', 'run_counts') }} (run_id, entity, source, measure, amount)
with

decided as (

    select
        decisions.*,
        {{ is_accepted('outcome') }} as is_accepted,
        row_number is null as is_implied
    from {{ warehouse_relation('ops', entity ~ '_decisions') }} as decisions
    where run_id = '{{ run_id }}'
        and decided_at >= cast('{{ started_at }}' as timestamp)

),

counted as (

    select
        source,
        outcome as measure,
        count(*) as amount
    from decided
    where not is_implied
    group by
        source,
        outcome
    {% for measure, condition in {
        'deleted': "is_deletion and is_accepted and outcome <> 'outdated'",
        'implied deletion': "is_implied and is_accepted and outcome <> 'outdated'",
        'stale': "is_accepted and not is_implied and freshness = 'stale'",
        'unvalidated': 'is_accepted and not is_implied and not is_validated',
        'tie': 'is_tie',
        'ambiguous time': 'is_ambiguous_time',
        'null_key': "array_contains(reasons, 'missing_" ~ contract(entity).key ~ "')",
    }.items() -%}
    union all
    select source, '{{ measure }}', count(*) from decided where {{ condition }} group by source
    {% endfor -%}
    {% for stage in var('rollout', {}) -%}
    union all
    select source, {{ _rollout_group(stage) }}, count(*)
    from decided
    where not is_implied
    group by source, {{ _rollout_group(stage) }}
    {% endfor %}
)

select '{{ run_id }}', '{{ entity }}', source, measure, amount from counted
{% endmacro %}


{% macro _rollout_group(stage) -%}
concat(
        'rollout {{ stage }} ',
        case when {{ stage_covers(stage, 'key_hash') }} then 'covered ' else 'control ' end,
        case when is_accepted then 'accepted' else outcome end
    )
{%- endmacro %}
