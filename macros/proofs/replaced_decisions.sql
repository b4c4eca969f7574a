{#
    A relation, to write after `from`: the decisions that are not the last on their record.

    decisions: the relation of the decisions.
#}
{% macro replaced_decisions(decisions) -%}
(
    select replaced.*
    from {{ decisions }} as replaced
    inner join (
        {{ later_attempts(decisions) | indent(8) }}
    ) as later_attempts
        on later_attempts.record_id = replaced.record_id
        and later_attempts.attempt > replaced.attempt
) as replaced_decisions
{%- endmacro %}
