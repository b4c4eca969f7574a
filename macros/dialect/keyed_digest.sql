{#
    The sha256 digest of a salt and a text, as hexadecimal text; NULL of NULL. Whoever does not know
    the salt cannot find out by trying which text it is of.

    salt, text: SQL expressions of text.
#}
{% macro keyed_digest(salt, text) %}
    {{- return(adapter.dispatch('keyed_digest')(salt, text)) -}}
{% endmacro %}


{% macro duckdb__keyed_digest(salt, text) -%}
    sha256({{ salt }} || {{ text }})
{%- endmacro %}


{% macro spark__keyed_digest(salt, text) -%}
    sha2(concat({{ salt }}, {{ text }}), 256)
{%- endmacro %}
