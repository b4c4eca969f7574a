{#
    Hook before every build: holds the engine to its memory, opens the log of the run, unless the
    hub command has done so, and closes the runs that were killed; refuses to build an entity that
    is not complete. The run's clock is `vars: now`,
    or the present moment.
#}
{% macro start_run() %}
    {% if execute %}
        {% do limit_memory() %}
    {% endif %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% set runs = source('ops', 'runs') %}
        {% if load_relation(runs) is none %}
            {{ exceptions.raise_compiler_error(
                "the warehouse '" ~ target.path ~ "' has no tables yet: run `hub land` first, "
                ~ "it creates them and lands the files"
            ) }}
        {% endif %}
        {% if not env_var('HUB_RUN_ID', '') %}
            {% do require_complete_entities() %}
            {% set clock = "cast('" ~ var('now') ~ "' as timestamp)" if var('now', none)
                else utc_now() %}
            {% call statement(auto_begin=false) %}
                {{ close_interrupted_runs() }};
                insert into {{ runs }} (run_id, command, status, started_at, run_clock, skip)
                values (
                    '{{ run_started_at.strftime('%Y%m%dT%H%M%S%f')[:18] ~ '-' ~ invocation_id[:8] }}',
                    'build',
                    'running',
                    {{ utc_now() }},
                    {{ clock }},
                    {{ sql_text(tojson(var('skip', []))) }}
                )
            {% endcall %}
        {% endif %}
    {% endif %}
{% endmacro %}
