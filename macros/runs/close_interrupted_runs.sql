{#
    A statement that closes runs that never ended. Only one process can write the warehouse, so
    a run that still counts as running when another starts was killed. Not so a pull, which counts
    as pulling: whether it lives, a lock knows that SQL cannot see, and the next hub command asks it.
#}
{% macro close_interrupted_runs() -%}
update {{ source('ops', 'runs') }}
set status = 'interrupted',
    ended_at = {{ utc_now() }}
where status = 'running'
{%- endmacro %}
