{#
    A query for the run in progress: run_id and run_clock, the moment that counts as now.
#}
{% macro current_run() -%}
select
    run_id,
    run_clock
from {{ source('ops', 'runs') }}
where status = 'running'
{%- endmacro %}
