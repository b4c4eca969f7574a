{#
    What may be stored of a value of a column of a contract: the value itself, unless the contract
    says `sensitive`. Then it is its keyed digest (hash), of which equal values have the same, or
    *** (mask). NULL stays NULL.

    value:  a SQL expression of the column's type.
    column: what the contract says of the column.
#}
{% macro shown_value(value, column) -%}
    {%- if column.sensitive == 'hash' -%} {{ keyed_digest(warehouse_salt(), value) }}
    {%- elif column.sensitive == 'mask' -%} case when {{ value }} is not null then '***' end
    {%- else -%} {{ value }}
    {%- endif -%}
{%- endmacro %}
