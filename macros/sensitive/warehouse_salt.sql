{#- The salt of the warehouse, as a SQL expression of text: the loader makes it once, by chance. -#}
{% macro warehouse_salt() -%}
    (select salt from {{ source('raw', 'salt') }})
{%- endmacro %}
