{#
    For adapters: a boolean that a source writes in words of its own, as the text true or false. The
    case of letters does not matter. Any other text stays as it is, so that the contract finds it
    invalid, unless it is true or false by itself.

    value: a SQL expression of text.
    yes:   the list of texts that mean true.
    no:    the list of texts that mean false.

    Example: {{ local_boolean(json_text('paid'), yes=['ja', '1'], no=['nein', '0']) }} as is_paid
             Ja -> true
#}
{% macro local_boolean(value, yes, no) %}
    {{- return(adapter.dispatch('local_boolean')(value, yes, no)) -}}
{% endmacro %}


{% macro duckdb__local_boolean(value, yes, no) -%}
    {%- if yes is string or no is string or not yes or not no
        or yes | select('in', no) | list -%}
        {{ exceptions.raise_compiler_error(
            "local_boolean: expected two lists of texts that have none in common, got yes="
            ~ yes ~ ", no=" ~ no
        ) }}
    {%- endif -%}
    case
        when lower({{ trimmed(value) }}) in ({{ _lowered_texts(yes) }}) then 'true'
        when lower({{ trimmed(value) }}) in ({{ _lowered_texts(no) }}) then 'false'
        else {{ value }}
    end
{%- endmacro %}


{% macro _lowered_texts(texts) -%}
    {%- for text in texts %}{{ sql_text(text | string | lower) }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}


{% macro spark__local_boolean(value, yes, no) -%}
    {{ duckdb__local_boolean(value, yes, no) }}
{%- endmacro %}
