{#
    The columns that every adapter begins with: where the record is in raw, its text, and why it
    could not be read, if so.
#}
{% macro record_identity() -%}
    load_id,
    row_number,
    record,
    problem
{%- endmacro %}
