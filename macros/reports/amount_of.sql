{#
    An aggregate over ops.run_counts: the sum of the amounts that meet a condition, 0 without any.

    condition: a SQL condition on the measure.

    Example: {{ amount_of("measure = 'stale'") }} as stale
#}
{% macro amount_of(condition) -%}
cast(coalesce(sum(case when {{ condition }} then amount end), 0) as bigint)
{%- endmacro %}
