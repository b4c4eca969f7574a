{#
    A query for the steps that a record takes, one row per outcome, kind of record and step: they
    follow from its outcome. A deletion takes the row of its key out where another record becomes
    it. A record that is decided again has the step `redrive` or `reprocess` before them.

    Columns: outcome, is_deletion, step_number (from 1), step.
#}
{% macro lineage_steps() -%}
{%- set steps = [
    ('applied', 1, 'stage', 'stage'),
    ('applied', 2, 'load', 'delete'),
    ('superseded', 1, 'stage', 'stage'),
    ('superseded', 2, 'load', 'delete'),
    ('outdated', 1, 'stage', 'stage'),
    ('outdated', 2, 'guard', 'guard'),
    ('rejected', 1, 'reject', 'reject'),
    ('late', 1, 'late', 'late'),
    ('duplicate', 1, 'duplicate', 'duplicate'),
] -%}
{%- for outcome, step_number, step, step_of_deletion in steps -%}
select
    '{{ outcome }}' as outcome,
    false as is_deletion,
    {{ step_number }} as step_number,
    '{{ step }}' as step
union all
select
    '{{ outcome }}' as outcome,
    true as is_deletion,
    {{ step_number }} as step_number,
    '{{ step_of_deletion }}' as step
{{ 'union all' if not loop.last }}
{% endfor %}
{%- endmacro %}
