{#
    The texts that mean nothing to a source, as a list; NULL where there are none.

    settings: the relation of the source's settings.
#}
{% macro null_texts(settings) -%}
    split({{ settings }}.nulls, chr(10))
{%- endmacro %}
