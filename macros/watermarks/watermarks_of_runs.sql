{#
    A query for the watermark by which late records are found: the greatest event time accepted from
    a source, each record counting with at most the now of the run that accepted it. So a clock that
    is fast makes nobody late once real time has passed by.

    decisions: the decisions, as written after `from`: a relation, or a query with its alias.
    condition: which of them count.

    Columns: source, watermark.
#}
{% macro watermarks_of_runs(decisions, condition) -%}
select
    accepted.source,
    max(least(accepted.watermark, runs.run_clock)) as watermark
from (
    {{ accepted_watermarks(decisions, condition, ['source', 'run_id']) | indent(4) }}
) as accepted
inner join {{ source('ops', 'runs') }} as runs
    on runs.run_id = accepted.run_id
group by accepted.source
{%- endmacro %}
