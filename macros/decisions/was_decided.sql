{#
    A SQL condition: the row `decided` is the decision on the row `checked`, or makes a new one
    needless.
#}
{% macro was_decided() -%}
decided.record_id = checked.record_id
and (
    decided.attempt = checked.attempt
    -- to be rejected once more by the same rules is no new decision
    or (
        decided.attempt = checked.attempt - 1
        and decided.outcome = 'rejected'
        and checked.reasons is not null
        and decided.rule_set = checked.rule_set
    )
)
{%- endmacro %}
