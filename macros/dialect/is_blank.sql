{#
    Whether text is NULL or holds nothing that can be seen: white space of any script (also the
    no-break space, U+3000, U+200B, U+FEFF), control characters, and characters without a shape.

    value: a SQL expression of text.
#}
{% macro is_blank(value) %}
    {{- return(adapter.dispatch('is_blank')(value)) -}}
{% endmacro %}


{% macro duckdb__is_blank(value) -%}
    {#- most text begins with a visible character of ASCII: it needs no expression -#}
    case when ascii({{ value }}) between 33 and 126 then false
        else coalesce(not regexp_matches({{ value }}, '[^{{ _invisible() }}]'), true) end
{%- endmacro %}


{#-
    For a class of characters: separators, controls, those that Unicode lets a font leave out, and
    the blank of Braille.
-#}
{% macro _invisible() -%}
    \pZ\p{Cc}\x{AD}\x{34F}\x{61C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{200B}-\x{200F}
    {{- '\\x{202A}-\\x{202E}\\x{2060}-\\x{206F}\\x{2800}\\x{3164}\\x{FE00}-\\x{FE0F}\\x{FEFF}\\x{FFA0}' -}}
    \x{FFF0}-\x{FFF8}\x{1BCA0}-\x{1BCA3}\x{1D173}-\x{1D17A}\x{E0000}-\x{E0FFF}
{%- endmacro %}


{% macro spark__is_blank(value) -%}
    case when ascii({{ value }}) between 33 and 126 then false
        else coalesce(not ({{ value }} rlike r'[^{{ _invisible() }}]'), true) end
{%- endmacro %}
