{#
    The schema of a model, exactly as it is written. The warehouse has the schemas raw, staging,
    intermediate, marts and ops, and no others.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
