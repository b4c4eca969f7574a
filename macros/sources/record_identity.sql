{#
    The columns every adapter begins with: where the record stands in raw, its text, and why it
    could not be read, if so.
#}
{% macro record_identity() -%}
    load_id,
    row_number,
    record,
    problem
{%- endmacro %}
