{#
    A query for the run at work: run_id, run_clock (the moment that counts as now), started_at.
#}
{% macro current_run() -%}
select
    run_id,
    run_clock,
    started_at
from {{ source('ops', 'runs') }}
where status = 'running'
{%- endmacro %}
