{#
    Whether this run decides all landed records anew (--full-refresh).
#}
{% macro rebuilding() %}
    {{ return(flags.FULL_REFRESH == true) }}
{% endmacro %}
