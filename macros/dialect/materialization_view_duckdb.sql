{#
    How a view is built: replaced in one statement.
#}
{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {% if existing is not none and not existing.is_view %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {{ return(replace_relation('view')) }}
{% endmaterialization %}
