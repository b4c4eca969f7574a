{#
    The sha256 digest of a salt and a text, as hexadecimal text: who has the digest alone cannot try
    texts.

    salt, value: SQL expressions of text.
#}
{% macro salted_digest(salt, value) %}
    {{- return(adapter.dispatch('salted_digest')(salt, value)) -}}
{% endmacro %}


{% macro duckdb__salted_digest(salt, value) -%}
    sha256(concat({{ salt }}, {{ value }}))
{%- endmacro %}
