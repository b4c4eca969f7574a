{#
    For the hook before a build: holds the engine to HUB_MEMORY_LIMIT, such as 2GB, where that is
    set. Not a setting of the profile, which the adapter repeats for each query: what the hub
    command allows a small build would not last.
#}
{% macro limit_memory() %}
    {{- return(adapter.dispatch('limit_memory')()) -}}
{% endmacro %}


{% macro default__limit_memory() %}
{% endmacro %}


{% macro duckdb__limit_memory() %}
    {% if env_var('HUB_MEMORY_LIMIT', '') %}
        {% call statement(auto_begin=false) -%}
            set memory_limit = {{ sql_text(env_var('HUB_MEMORY_LIMIT')) }}
        {%- endcall %}
    {% endif %}
{% endmacro %}
