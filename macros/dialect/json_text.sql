{#
    The text of a field of the record, for the adapters: a string without its quotes, a number with
    the digits that stand in the record, anything else as JSON writes it, NULL where the field is
    absent or null.

    field: the field's name; a dotted path for a nested one, or a list of names where a name
           itself has a dot.

    Example: {{ json_text('user.id') }} as user_id
#}
{% macro json_text(field) %}
    {{- return(adapter.dispatch('json_text')(field)) -}}
{% endmacro %}


{% macro duckdb__json_text(field) -%}
    ops.json_text(record, problem, {{ _json_path(field) }})
{%- endmacro %}


{% macro _json_path(field) -%}
    {%- set names = field.split('.') if field is string else field -%}
    {%- if not names or '' in names -%}
        {{ exceptions.raise_compiler_error(
            "json_text, json_value: expected a field's name or a list of names, got '"
            ~ field ~ "'"
        ) }}
    {%- endif -%}
    {%- set path = [] -%}
    {%- for name in names -%}
        {%- do path.append('."' ~ name.replace('\\', '\\\\').replace('"', '\\"') ~ '"') -%}
    {%- endfor -%}
    '${{ (path | join('')).replace("'", "''") }}'
{%- endmacro %}


{% macro spark__json_text(field) -%}
case when problem is null then {{ _plain_numbers(
        'get_json_object(' ~ _exact_numbers('record') ~ ', ' ~ _spark_path(field) ~ ')'
    ) }} end
{%- endmacro %}


{#-
    The path of a field, for Spark. It has two forms, each for names without some signs, and no
    escapes.
-#}
{% macro _spark_path(field) -%}
    {%- do _json_path(field) -%}
    {%- set path = [] -%}
    {%- for name in (field.split('.') if field is string else field) -%}
        {%- if "'" not in name and '?' not in name -%}
            {%- do path.append("['" ~ name ~ "']") -%}
        {%- elif '.' not in name and '[' not in name -%}
            {%- do path.append('.' ~ name) -%}
        {%- else -%}
            {{ exceptions.raise_compiler_error(
                "json_text, json_value: Spark has no path for the field '" ~ name ~ "'"
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {{ sql_text('$' ~ path | join('')) }}
{%- endmacro %}


{#-
    JSON in which Spark would write some numbers otherwise: they become texts with a mark, from
    which _plain_numbers restores them. Texts are passed over, from the end of the last match on.
-#}
{% macro _exact_numbers(json) -%}
    case when {{ json }} rlike r'[0-9][.eE]|-0' then regexp_replace(
        {{ json }},
        r'\G((?:[^"0-9-]|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+)(-?[0-9][0-9.eE+-]*+)',
        r'$1"\\u0001number:$2"'
    ) else {{ json }} end
{%- endmacro %}


{% macro _plain_numbers(text) -%}
    regexp_replace({{ _as_characters(text) }}, r'"\\u0001number:([^"]*)"|\A\x01number:', '$1')
{%- endmacro %}


{#- Objects and arrays in which Spark has written characters of two halves as escapes. -#}
{% macro _as_characters(text) -%}
    case when {{ text }} rlike r'\A[{\[].*\\uD[89AB]' then array_join(
        transform(
            regexp_extract_all({{ text }}, r'(?:\\uD[89A-F][0-9A-F]{2}){2}|\\.|[^\\]+', 0),
            part -> case when part rlike r'\A\\uD' then get_json_object(concat('["', part, '"]'), '$[0]')
                else part end
        ),
        ''
    ) else {{ text }} end
{%- endmacro %}
