{#
    How many rows one load may have. record_id = load_id * rows_per_load() + row_number orders
    records by arrival, and can be read: 30000000007 is row 7 of load 3.
#}
{% macro rows_per_load() -%}
    10000000000
{%- endmacro %}
