{#-
    The salt of the warehouse, as a SQL expression of text: the loader draws it once, by chance. It
    is no dbt source, as a unit test of an entity with sensitive columns would have to give it.
-#}
{% macro warehouse_salt() -%}
    (select salt from {{ api.Relation.create(
        database=target.database, schema='raw', identifier='salt'
    ) }})
{%- endmacro %}
