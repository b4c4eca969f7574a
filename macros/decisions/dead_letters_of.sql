{#
    A query for the dead letters among decisions, each with its latest attempt and its status:
    open, resolved (a later attempt was not rejected) or discarded.

    decisions: the relation of the decisions.

    Columns: those of the decision that made the dead letter, the reasons being those of its latest
    attempt, then attempts, last_outcome, last_contract_version and status.
#}
{% macro dead_letters_of(decisions) -%}
select
    dead_letters.source,
    dead_letters.load_id,
    dead_letters.row_number,
    dead_letters.record_id,
    dead_letters.record_key,
    dead_letters.record,
    dead_letters.content_hash,
    dead_letters.run_id,
    dead_letters.decided_at,
    case
        when dead_letters.outcome = 'late' then split('late', ',')
        else coalesce(later_attempts.reasons, dead_letters.reasons)
    end as reasons,
    case
        when dead_letters.outcome = 'late' then 'late'
        else coalesce(later_attempts.error, dead_letters.error)
    end as error,
    coalesce(later_attempts.explanation, dead_letters.explanation) as explanation,
    coalesce(later_attempts.attempts, dead_letters.attempt) as attempts,
    coalesce(later_attempts.outcome, dead_letters.outcome) as last_outcome,
    coalesce(later_attempts.contract_version, dead_letters.contract_version)
        as last_contract_version,
    case
        when discards.record_id is not null then 'discarded'
        when coalesce(later_attempts.outcome, dead_letters.outcome) in ('rejected', 'late')
            then 'open'
        else 'resolved'
    end as status
from {{ decisions }} as dead_letters
left join (
    select
        record_id,
        max(attempt) as attempts,
        max_by(outcome, attempt) as outcome,
        max_by(reasons, attempt) as reasons,
        max_by(error, attempt) as error,
        max_by(explanation, attempt) as explanation,
        max_by(contract_version, attempt) as contract_version
    from {{ decisions }}
    where attempt > 1
    group by record_id
) as later_attempts
    on later_attempts.record_id = dead_letters.record_id
left join (
    select distinct record_id from {{ source('ops', 'discards') }}
) as discards
    on discards.record_id = dead_letters.record_id
where dead_letters.is_dead_letter
{%- endmacro %}
