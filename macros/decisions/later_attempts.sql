{#
    A query for the last attempt on each record that was decided more than once, which few were.

    decisions: the relation of the decisions.

    Columns: record_id, attempt.
#}
{% macro later_attempts(decisions) -%}
select
    record_id,
    max(attempt) as attempt
from {{ decisions }}
where attempt > 1
group by record_id
{%- endmacro %}
