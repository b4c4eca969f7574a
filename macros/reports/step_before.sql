{#
    A SQL expression: the step of the lineage that stands before those of a further attempt. Reads
    a left join on was_redriven.

    redrives: the relation of ops.redrive_requests.
#}
{% macro step_before(redrives) -%}
case when {{ redrives }}.record_id is null then 'reprocess' else 'redrive' end
{%- endmacro %}
