{#
    The digest of source and raw text that all forgotten records of a source have, as they have no
    text: so they are one dead letter. As in check_records, the salt is part of it where columns are
    sensitive.

    entity:      the entity's name.
    source_name: a SQL expression of text.
#}
{% macro forgotten_text_hash(entity, source_name) -%}
    {%- set salt = [warehouse_salt()] if sensitive_columns(contract(entity)) else [] -%}
    {{- record_digest(salt + [source_name, 'cast(null as ' ~ dbt.type_string() ~ ')']) -}}
{%- endmacro %}
