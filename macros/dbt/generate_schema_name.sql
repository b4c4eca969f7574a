{#
    Uses a model's schema as it is written, so that the warehouse has exactly the schemas
    raw, staging, intermediate, marts and ops.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
