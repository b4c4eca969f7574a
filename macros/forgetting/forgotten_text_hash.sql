{#
    The digest of source and raw text that all forgotten records of a source have, as they have no
    text: so they are one dead letter.

    source_name: a SQL expression of text.
#}
{% macro forgotten_text_hash(source_name) -%}
    {{- record_digest([source_name, 'cast(null as ' ~ dbt.type_string() ~ ')']) -}}
{%- endmacro %}
