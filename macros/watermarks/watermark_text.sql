{#
    A watermark as text, as it is stored.

    watermark: a SQL expression of a timestamp.
#}
{% macro watermark_text(watermark) -%}
replace(cast({{ watermark }} as string), ' ', 'T')
{%- endmacro %}
