{#
    Lets Delta Lake refuse rows without a value in columns that a contract marks as not_null.

    relation, column_dict: what dbt gives.

    Reason: dbt-spark declares the column not null, which Delta Lake refuses for a table that was made
    from a query. For dbt-spark 1.11.0.
#}
{% macro spark__alter_column_set_constraints(relation, column_dict) %}
    {% for name, column in column_dict.items() %}
        {% for constraint in column.constraints if constraint.type == 'not_null' %}
            {% call statement() -%}
                alter table {{ relation }}
                add constraint {{ name }}_is_given check ({{ name }} is not null)
            {%- endcall %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
