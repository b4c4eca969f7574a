{#
    Whether a type of a contract holds numbers: number, integer or decimal(p, s).

    type: the type's name.
#}
{% macro is_number(type) %}
    {{ return(type in ['number', 'integer'] or type.startswith('decimal(')) }}
{% endmacro %}
