{#
    The digest of several texts, of which no two lists have the same: ('ab', 'c') differs from
    ('a', 'bc') and NULL from ''.

    values: a list of SQL expressions of text.

    Two control characters stand for the border between texts and for NULL. Where a text has one of
    them itself, each text has its length in front instead, which takes twice as long for all.
#}
{% macro record_digest(values) -%}
    {%- set marked = [] -%}
    {%- set measured = [] -%}
    {%- for value in values -%}
        {%- do marked.append('coalesce(' ~ value ~ ', chr(30))') -%}
        {%- do measured.append(
            'coalesce(cast(length(' ~ value ~ ') as ' ~ dbt.type_string() ~ "), ''), ':', "
            ~ 'coalesce(' ~ value ~ ", '')"
        ) -%}
    {%- endfor -%}
    {%- set together = joined_texts(values | join(', ')) -%}
    {#- nothing else begins with these two characters -#}
    {{ digest_number("case when contains(" ~ together ~ ", chr(31)) or contains(" ~ together
        ~ ", chr(30))\n    then " ~ joined_texts("chr(30), ':', " ~ measured | join(', '))
        ~ "\n    else concat_ws(chr(31), " ~ marked | join(', ') ~ ') end') }}
{%- endmacro %}
