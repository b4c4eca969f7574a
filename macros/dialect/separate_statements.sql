{#
    Statements as a list of what the engine takes at once.

    statements: SQL; statements are separated by a semicolon at the end of a line.

    Example: {% for each in separate_statements(open_run()) %}
#}
{% macro separate_statements(statements) %}
    {{- return(adapter.dispatch('separate_statements')(statements)) -}}
{% endmacro %}


{#- All together: dbt takes some milliseconds for each. -#}
{% macro duckdb__separate_statements(statements) %}
    {{ return([statements]) }}
{% endmacro %}


{% macro spark__separate_statements(statements) %}
    {% set separate = [] %}
    {% for each in statements.split(';\n') if each | trim(' \n;') %}
        {% do separate.append(each) %}
    {% endfor %}
    {{ return(separate) }}
{% endmacro %}
