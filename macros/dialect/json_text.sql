{#
    The text of a field of the record, for the adapters: a string without its quotes, anything
    else as JSON writes it, NULL where the field is absent or null.

    field: the field's name; a dotted path for a nested one, or a list of names where a name
           itself has a dot.

    Example: {{ json_text('user.id') }} as user_id
#}
{% macro json_text(field) %}
    {{- return(adapter.dispatch('json_text')(field)) -}}
{% endmacro %}


{% macro duckdb__json_text(field) -%}
    {#- An unreadable record would fail the whole model: it is looked at only as raw text. -#}
    case when problem is null then json_extract_string(record, {{ _json_path(field) }}) end
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
