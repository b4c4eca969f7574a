{#
    The md5 digest of several texts, each with its length in front, so that ('ab', 'c') differs
    from ('a', 'bc') and NULL from ''.

    values: a list of SQL expressions of text.
#}
{% macro record_digest(values) -%}
    md5(concat(
        {%- for value in values %}
        coalesce(cast(length({{ value }}) as {{ dbt.type_string() }}), ''), ':', coalesce({{ value }}, '')
        {{- ',' if not loop.last }}
        {%- endfor %}
    ))
{%- endmacro %}
