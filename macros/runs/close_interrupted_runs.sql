{#
    A statement that closes runs that never ended. Only one process can write the warehouse: a run
    that still counts as running when another starts was killed. A pull at work counts as pulling
    and may be alive: only the hub command sees the lock that tells.
#}
{% macro close_interrupted_runs() -%}
update {{ source('ops', 'runs') }}
set status = 'interrupted',
    ended_at = {{ utc_now() }}
where status = 'running'
{%- endmacro %}
