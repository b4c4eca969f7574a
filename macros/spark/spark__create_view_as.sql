{#
    Makes a view, those of ops without comments and indentation in their text.

    relation, sql: what dbt gives.

    Reason: Derby, the catalogue that Spark has by itself, keeps 32,700 characters of a view, and
    ops.dead_letters has 42,000 for four entities; so it has 26,000. For dbt-spark 1.11.0.
#}
{% macro spark__create_view_as(relation, sql) -%}
    {#- the others may be somebody's own, with texts of several lines -#}
    {%- if relation.schema == 'ops' -%}
        {%- set sql = modules.re.sub('\n\s*(--[^\n]*)?', '\n', sql) -%}
    {%- endif -%}
    {{ dbt.spark__create_view_as(relation, sql) }}
{%- endmacro %}
