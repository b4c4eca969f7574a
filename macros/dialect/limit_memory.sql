{#
    For the hook before a build: limits the engine's memory to HUB_MEMORY_LIMIT, such as 2GB, where
    that is set. It is no setting of the profile: the adapter repeats those before each query, and
    would undo the lower limit that the hub command sets for a small build.
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
