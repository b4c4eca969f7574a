{#
    A query for the dead letters among decisions, each with its latest attempt and its status:
    open, resolved (a later attempt was not rejected) or discarded.

    decisions: the relation of the decisions.

    Columns: those of the decision that made the letter, with the reasons of the latest attempt,
    then attempts, last_outcome, last_contract_version and status.
#}
{% macro dead_letters_of(decisions) -%}
select
    letters.source,
    letters.load_id,
    letters.row_number,
    letters.record_id,
    letters.record_key,
    letters.record,
    letters.content_hash,
    letters.run_id,
    letters.decided_at,
    case
        when letters.outcome = 'late' then split('late', ',')
        else coalesce(later_attempts.reasons, letters.reasons)
    end as reasons,
    case
        when letters.outcome = 'late' then 'late'
        else coalesce(later_attempts.error, letters.error)
    end as error,
    coalesce(later_attempts.explanation, letters.explanation) as explanation,
    coalesce(later_attempts.attempts, letters.attempt) as attempts,
    coalesce(later_attempts.outcome, letters.outcome) as last_outcome,
    coalesce(later_attempts.contract_version, letters.contract_version) as last_contract_version,
    case
        when discards.record_id is not null then 'discarded'
        when coalesce(later_attempts.outcome, letters.outcome) in ('rejected', 'late') then 'open'
        else 'resolved'
    end as status
from {{ decisions }} as letters
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
    on later_attempts.record_id = letters.record_id
left join (
    select distinct record_id from {{ source('ops', 'discards') }}
) as discards
    on discards.record_id = letters.record_id
where letters.is_dead_letter
{%- endmacro %}
