{#
    Whether text matches a regular expression somewhere.

    value:   a SQL expression of text.
    pattern: the expression, in what RE2 and Java have in common.
#}
{% macro matches(value, pattern) %}
    {{- return(adapter.dispatch('matches')(value, pattern)) -}}
{% endmacro %}


{% macro duckdb__matches(value, pattern) -%}
    regexp_matches({{ value }}, {{ sql_text(pattern) }})
{%- endmacro %}


{% macro spark__matches(value, pattern) -%}
    ({{ value }} rlike {{ sql_text(pattern) }})
{%- endmacro %}
