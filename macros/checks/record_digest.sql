{#
    The digest of several texts. Each has its length in front, so that ('ab', 'c') differs from
    ('a', 'bc') and NULL from ''.

    values: a list of SQL expressions of text.
#}
{% macro record_digest(values) -%}
    {%- set parts = [] -%}
    {%- for value in values -%}
        {%- do parts.append(
            'coalesce(cast(length(' ~ value ~ ') as ' ~ dbt.type_string() ~ "), ''), ':', "
            ~ 'coalesce(' ~ value ~ ", '')"
        ) -%}
    {%- endfor -%}
    {{ digest_number('concat(\n    ' ~ parts | join(',\n    ') ~ '\n)') }}
{%- endmacro %}
