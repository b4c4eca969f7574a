{#
    A query for the watermark of each source: the greatest event time accepted from it. NULL for a
    source whose records have no event time.

    decisions: the decisions, as written after `from`: a relation, or a query with its alias.
    condition: which of them count.
    by:        the columns to group by.

    Columns: those of `by`, watermark.
#}
{% macro accepted_watermarks(decisions, condition='1 = 1', by=['source']) -%}
select
    {{ by | join(',\n    ') }},
    max(event_time) as watermark
from {{ decisions }}
where {{ is_accepted('outcome') }}
    and {{ condition }}
group by
    {{ by | join(',\n    ') }}
{%- endmacro %}
