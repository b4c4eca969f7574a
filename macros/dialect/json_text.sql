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
