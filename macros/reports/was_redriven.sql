{#
    A SQL condition: a redrive asked for this decision. What else was decided again, a reprocessing
    asked for. After a full refresh attempts start anew, so an old request may bear the number of a
    new attempt: it had been carried out before that was made.

    decisions, redrives: the relations of the decisions and of ops.redrive_requests.
#}
{% macro was_redriven(decisions, redrives) -%}
{{ redrives }}.record_id = {{ decisions }}.record_id
and {{ redrives }}.attempt = {{ decisions }}.attempt
and coalesce({{ redrives }}.completed_at, {{ decisions }}.decided_at) >= {{ decisions }}.decided_at
{%- endmacro %}
