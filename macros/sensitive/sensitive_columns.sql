{#
    Which columns of a contract are sensitive and how they are stored, as text: 'email=hash'. Empty
    where none is.

    contract: as contract() returns it.
#}
{% macro sensitive_columns(contract) %}
    {% set sensitive = [] %}
    {% for name, column in contract.columns.items() if column.sensitive %}
        {% do sensitive.append(name ~ '=' ~ column.sensitive) %}
    {% endfor %}
    {{ return(sensitive | sort | join(',')) }}
{% endmacro %}
