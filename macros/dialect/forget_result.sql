{#
    A statement that ends what keep_result began.

    name: the name.
#}
{% macro forget_result(name) %}
    {{- return(adapter.dispatch('forget_result')(name)) -}}
{% endmacro %}


{% macro duckdb__forget_result(name) -%}
drop table {{ name }}
{%- endmacro %}


{% macro spark__forget_result(name) -%}
drop view {{ name }}
{%- endmacro %}
