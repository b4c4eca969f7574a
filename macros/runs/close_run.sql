{#
    A statement that closes a run in the log: failed if there are errors, else succeeded.

    run_id: the run.
    errors: what went wrong, a list of texts.
#}
{% macro close_run(run_id, errors) %}
update {{ source('ops', 'runs') }}
set status = '{{ 'failed' if errors else 'succeeded' }}',
    ended_at = {{ utc_now() }},
    duration_ms = {{ dbt.datediff('started_at', utc_now(), 'millisecond') }},
    errors = {{ sql_text(tojson(errors)) }}
where run_id = '{{ run_id }}'
{% endmacro %}
