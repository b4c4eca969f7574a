{#
    Hook before every build: limits the engine's memory, makes the functions that adapters call,
    refuses an entity that is not complete, and opens the run in the log. The hub command has done
    the last two before it starts dbt.
#}
{% macro start_run() %}
    {% if execute %}
        {% do limit_memory() %}
    {% endif %}
    {% if execute and target.type == 'spark' %}
        {% do register_tables() %}
    {% endif %}
    {% if execute and flags.WHICH in ['run', 'build'] %}
        {% if load_relation(source('ops', 'runs')) is none %}
            {{ exceptions.raise_compiler_error(
                "the warehouse '" ~ (target.path or target.type) ~ "' has no tables yet: run `hub land` first, "
                ~ "it creates them and lands the files"
            ) }}
        {% endif %}
        {% if not env_var('HUB_RUN_ID', '') %}
            {% do require_complete_entities() %}
            {% for each in separate_statements(open_run()) %}
                {% call statement(auto_begin=false) %}{{ each }}{% endcall %}
            {% endfor %}
        {% endif %}
    {% endif %}
    {% if execute and flags.WHICH in ['run', 'build', 'test'] %}
        {% do define_functions() %}
    {% endif %}
{% endmacro %}
