{#
    Text without white space around it. A plain trim removes spaces only; this one also what other
    scripts and programs put there: the no-break space, U+3000, U+200B, U+FEFF.

    value: a SQL expression of text.
#}
{% macro trimmed(value) %}
    {{- return(adapter.dispatch('trimmed')(value)) -}}
{% endmacro %}


{% macro duckdb__trimmed(value) -%}
    {#- trimming a set of characters is slow, and most text needs none -#}
    case
        when {{ _is_ascii_sign(value) }} and {{ _is_ascii_sign('right(' ~ value ~ ', 1)') }}
            then {{ value }}
        when {{ _is_sign(value) }} and {{ _is_sign('right(' ~ value ~ ', 1)') }} then {{ value }}
        else trim({{ value }}, {{ _white_space() }})
    end
{%- endmacro %}


{#- A joiner of letters is invisible, too, but a part of the word that it ends. -#}
{% macro _white_space() -%}
    {%- set codes = [
        9, 10, 11, 12, 13, 32, 133, 160, 5760, 6158, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199,
        8200, 8201, 8202, 8203, 8232, 8233, 8239, 8287, 8288, 12288, 65279,
    ] -%}
    concat(chr({{ codes | join('), chr(') }}))
{%- endmacro %}


{% macro _is_ascii_sign(text) -%}
    ascii({{ text }}) between 33 and 126
{%- endmacro %}


{#- Whether text begins with a character of a range in which none is white space. -#}
{% macro _is_sign(text) -%}
    (ascii({{ text }}) between 33 and 126 or ascii({{ text }}) between 161 and 5759
        or ascii({{ text }}) between 12289 and 65278)
{%- endmacro %}


{% macro spark__trimmed(value) -%}
    {#- its chr knows no more than Latin-1: the same codes as escapes of a text -#}
    {%- set signs = [] -%}
    {%- for code in _white_space()[11:-2].split('), chr(') -%}
        {%- do signs.append('\\u%04X' | format(code | int)) -%}
    {%- endfor -%}
    btrim({{ value }}, '{{ signs | join }}')
{%- endmacro %}
