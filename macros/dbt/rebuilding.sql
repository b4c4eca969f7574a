{#
    Whether the run decides all landed rows anew (--full-refresh).
#}
{% macro rebuilding() %}
    {{ return(flags.FULL_REFRESH == true) }}
{% endmacro %}
