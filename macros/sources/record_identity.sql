{#
    The columns that every adapter begins with: where the record is in raw, its text, why it could not
    be read, if so, and what else places it.
#}
{% macro record_identity() -%}
    load_id,
    row_number,
    record,
    problem,
    position
{%- endmacro %}
