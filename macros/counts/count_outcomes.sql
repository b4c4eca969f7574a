{#
    A statement that stores how many records of an entity the run at work decided, by source and
    outcome, and what else the receipt counts of them. A deletion that a full delivery implies is no
    record: it is counted apart.

    entity: the entity's name.
#}
{% macro count_outcomes(entity) %}
insert into {{ source('ops', 'run_counts') }} (run_id, entity, source, measure, amount)
with

decided as (

    select
        decisions.*,
        {{ is_accepted('outcome') }} as is_accepted,
        row_number is null as is_implied
    from {{ warehouse_relation('ops', entity ~ '_decisions') }} as decisions
    where {{ decided_in_this_run(entity) | indent(8) }}

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

select run.run_id, '{{ entity }}', counted.source, counted.measure, counted.amount
from counted
cross join ({{ current_run() }}) as run
{% endmacro %}


{% macro _rollout_group(stage) -%}
concat_ws(
        '',
        'rollout {{ stage }} ',
        case when {{ stage_covers(stage, 'key_hash') }} then 'covered ' else 'control ' end,
        case when is_accepted then 'accepted' else outcome end
    )
{%- endmacro %}
