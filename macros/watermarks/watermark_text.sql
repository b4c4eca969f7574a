{#
    A watermark as the text that is stored of it.

    watermark: a SQL expression of a timestamp.
#}
{% macro watermark_text(watermark) -%}
replace(cast({{ watermark }} as string), ' ', 'T')
{%- endmacro %}
