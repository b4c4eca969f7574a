{#
    Statements that open a run in the log, for plain dbt. The hub command opens its runs itself
    (loader/warehouse/run_log.py), in the same form. The run's identity begins with the moment, so
    that runs sort by their start. Its clock is `vars: now`, or the present moment.
#}
{% macro open_run() %}
{%- set run_id = run_started_at.strftime('%Y%m%dT%H%M%S%f')[:18] ~ '-' ~ invocation_id[:8] -%}
{{ close_interrupted_runs() }};
insert into {{ source('ops', 'runs') }} (run_id, command, status, started_at, run_clock, skip)
values (
    {{ sql_text(run_id) }},
    'build',
    'running',
    {{ utc_now() }},
    {{ 'cast(' ~ sql_text(var('now')) ~ ' as timestamp)' if var('now', none) else utc_now() }},
    {{ sql_text(tojson(var('skip', []))) }}
)
{%- endmacro %}
