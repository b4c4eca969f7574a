{#
    A query for the steps that a record takes, one row per outcome and step: they follow from its
    outcome. A redriven record has the step `redrive` before them.

    Columns: outcome, step_number (from 1), step.
#}
{% macro lineage_steps() -%}
{%- for outcome, step_number, step in [
    ('applied', 1, 'stage'),
    ('applied', 2, 'load'),
    ('superseded', 1, 'stage'),
    ('superseded', 2, 'load'),
    ('outdated', 1, 'stage'),
    ('outdated', 2, 'guard'),
    ('rejected', 1, 'reject'),
    ('late', 1, 'late'),
    ('duplicate', 1, 'duplicate'),
] -%}
select
    '{{ outcome }}' as outcome,
    {{ step_number }} as step_number,
    '{{ step }}' as step
{{ 'union all' if not loop.last }}
{% endfor %}
{%- endmacro %}
