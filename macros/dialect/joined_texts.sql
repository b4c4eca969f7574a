{#
    Texts one after the other as one text; NULL is left out.

    texts: SQL expressions of text, with commas between them.

    Example: {{ joined_texts('source, record') }}
#}
{% macro joined_texts(texts) %}
    {{- return(adapter.dispatch('joined_texts')(texts)) -}}
{% endmacro %}


{#- It takes two thirds of the time of concat_ws. -#}
{% macro duckdb__joined_texts(texts) -%}
    concat({{ texts }})
{%- endmacro %}


{#- Its concat is NULL where one of them is. -#}
{% macro spark__joined_texts(texts) -%}
    concat_ws('', {{ texts }})
{%- endmacro %}
