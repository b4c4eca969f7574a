{#
    A SQL condition: this is the outcome of an accepted record, not late, rejected or duplicate.

    outcome: a SQL expression.

    Example: where {{ is_accepted('decisions.outcome') }}
#}
{% macro is_accepted(outcome) -%}
{{ outcome }} in ({{ accepted_outcomes() }})
{%- endmacro %}
