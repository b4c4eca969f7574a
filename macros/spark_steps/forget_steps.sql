{#
    Drops the tables that query_in_steps made for the present model, also those that a build left
    behind which was stopped.

    Reason: as for query_in_steps. Spark has no temporary tables.
#}
{% macro forget_steps() %}
    {% set found = rows_of(
        'show tables in ' ~ this.schema ~ ' like ' ~ sql_text(_prefix_of_steps() ~ '*')
    ) %}
    {% for row in found %}
        {% call statement() %}drop table if exists {{ this.schema }}.{{ row[1] }}{% endcall %}
    {% endfor %}
{% endmacro %}
