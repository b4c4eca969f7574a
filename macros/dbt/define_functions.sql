{#
    Makes the SQL functions that models call, in the schema ops.

    database: where, if not in the warehouse: a view of another database sees only functions of its
              own.
#}
{% macro define_functions(database=none) %}
    {% set schema = (database ~ '.' if database else '') ~ 'ops' %}
    {% for function in functions() %}
        {% call statement(auto_begin=false) %}
            create or replace macro {{ schema }}.{{ function.name }}({{ function.arguments }}) as (
                {{ function.sql }}
            )
        {% endcall %}
    {% endfor %}
{% endmacro %}
