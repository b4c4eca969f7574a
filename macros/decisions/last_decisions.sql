{#
    A relation, to write after `from`: the last decision on each record. Earlier ones were replaced
    by a redrive or by reprocessing, and count no more.

    decisions: the relation of the decisions.
    columns:   the columns that are wanted.
    condition: which records are wanted, a SQL condition over the columns of `decided`. It must hold
               for all decisions of a record, or for none.
    alias:     the name of the relation.

    Example: select source, outcome from {{ last_decisions(this, ['source', 'outcome']) }}
#}
{% macro last_decisions(decisions, columns, condition='1 = 1', alias='last_decisions') -%}
(
    select
        {% for column in columns -%}
        decided.{{ column }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ decisions }} as decided
    left join (
        {{ later_attempts(decisions) | indent(8) }}
    ) as later_attempts
        on later_attempts.record_id = decided.record_id
        and later_attempts.attempt > decided.attempt
    where later_attempts.record_id is null
        and {{ condition }}
) as {{ alias }}
{%- endmacro %}
