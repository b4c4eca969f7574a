{#
    For adapters: a time that a source writes in a form of its own, as text that a contract reads:
    year, month, day. Text of another form, and a date that does not exist, stays as it is, so that
    the contract finds it invalid; where it would take the text for another date, it is told what was
    expected. A bad date never fails the build, as it does with strptime.

    value:  a SQL expression of text.
    format: the form, in the codes of strptime: %d, %m, %Y, %y (69 to 99 are 1969 to 1999), %b (Jan to
            Dec), %H, %I with %p (AM, PM), %M, %S, %f (digits of a second). All else stands for itself,
            a blank for white space of any kind.

    Example: {{ local_timestamp(json_text('when'), '%d.%m.%Y %H:%M') }} as ts
             31.12.2025 14:05 -> 2025-12-31 14:05:00
#}
{% macro local_timestamp(value, format) %}
    {{- return(adapter.dispatch('local_timestamp')(value, format)) -}}
{% endmacro %}


{% macro duckdb__local_timestamp(value, format) -%}
    {%- set form = _form_of_time(format) -%}
    {%- set parts = {} -%}
    {#- the engine does not tell m from M in the names of parts -#}
    {%- set names = [] -%}
    {%- for code in form.codes -%}
        {%- do names.append('part' ~ loop.index) -%}
        {%- do parts.update({code: 'found.' ~ names[-1]}) -%}
    {%- endfor -%}
    {#- a list, so that what it holds is evaluated once -#}
    coalesce(
        list_transform(
            [regexp_extract({{ trimmed(value) }}, {{ sql_text(form.pattern) }}, ['
                {{- names | join("', '") }}'])],
            lambda found: cast(
                try_cast(concat({{ _iso_of(parts) | join(', ') }})
                    as {{ 'timestamp' if 'H' in parts or 'I' in parts else 'date' }})
                as varchar
            )
        )[1],
        {%- if format.startswith('%Y') and form.codes[1] == 'd' %}
        case when {{ parse_timestamp(value, "'UTC'") }} is not null
            then {{ value }} || {{ sql_text(' (expected as ' ~ format ~ ')') }} end,
        {%- endif %}
        {{ value }}
    )
{%- endmacro %}


{#- The parts of an ISO time, as SQL expressions, from those that a form has, by their codes. -#}
{% macro _iso_of(parts) %}
    {% set year = [parts.Y] if 'Y' in parts else [
        "case when " ~ parts.y ~ " < '69' then '20' else '19' end", parts.y,
    ] %}
    {% set month = parts.m if 'm' in parts else _number_of_month(parts.b) %}
    {% set iso = year + ["'-'", month, "'-'", parts.d] %}
    {% if 'H' in parts or 'I' in parts %}
        {% set hour = parts.H if 'H' in parts else (
            'try_cast(' ~ parts.I ~ ' as integer) % 12 + case when lower(' ~ parts.p
            ~ ") like 'p%' then 12 else 0 end"
        ) %}
        {% set iso = iso + ["' '", hour, "':'", parts.M] %}
        {% set iso = iso + (["':'", parts.S] if 'S' in parts else []) %}
        {% set iso = iso + (["'.'", parts.f] if 'f' in parts else []) %}
    {% endif %}
    {{ return(iso) }}
{% endmacro %}


{% macro _number_of_month(name) -%}
    case lower({{ name }})
    {%- for month in _months() %} when '{{ month }}' then '{{ loop.index }}'{% endfor %} end
{%- endmacro %}


{% macro _months() %}
    {{ return([
        'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec',
    ]) }}
{% endmacro %}


{#-
    The codes of a form of time, and a regular expression for it, in what RE2 and Java have in common,
    with a group for each code.
#}
{% macro _form_of_time(format) %}
    {% set known = {
        'Y': '(000[1-9]|00[1-9][0-9]|0[1-9][0-9][0-9]|[1-9][0-9][0-9][0-9])', 'y': '([0-9][0-9])',
        'm': '(0?[1-9]|1[0-2])', 'b': '(' ~ _months() | join('|') ~ ')',
        'd': '(0?[1-9]|[12][0-9]|3[01])', 'H': '([01]?[0-9]|2[0-3])', 'I': '(0?[1-9]|1[0-2])',
        'M': '([0-5][0-9])', 'S': '([0-5][0-9])', 'f': '([0-9]+)', 'p': '([ap][.]?m[.]?)',
    } %}
    {% set codes = [] %}
    {% set pattern = [] %}
    {% for part in ('x' ~ format).split('%') %}
        {% if not loop.first %}
            {% do codes.append(part[:1]) %}
            {% do pattern.append(known.get(part[:1], '')) %}
        {% endif %}
        {% for sign in part[1:] %}
            {% do pattern.append(
                '[\\pZ\\t]+' if sign == ' ' else '\\' ~ sign if sign in '\\.^$*+?()[]{}|/-' else sign
            ) %}
        {% endfor %}
    {% endfor %}
    {#- of two codes that say the same either, and no part without the greater one -#}
    {% set said = [] %}
    {% for code in codes if code != 'p' %}
        {% do said.append({'y': 'Y', 'b': 'm', 'I': 'H'}.get(code, code)) %}
    {% endfor %}
    {% set parts = 'YmdHMSf'[:said | length] %}
    {% if said | length not in [3, 5, 6, 7] or parts | reject('in', said) | list
        or ('I' in codes) != ('p' in codes) %}
        {{ exceptions.raise_compiler_error(
            "local_timestamp: expected the codes of a date (%d, %m or %b, %Y or %y), and of a time "
            ~ "(%H or %I with %p, %M, then %S, then %f), each once, got '" ~ format ~ "'"
        ) }}
    {% endif %}
    {{ return({'codes': codes, 'pattern': '(?i)^' ~ pattern | join ~ '$'}) }}
{% endmacro %}


{% macro spark__local_timestamp(value, format) -%}
    {%- set form = _form_of_time(format) -%}
    {%- set parts = {} -%}
    {%- for code in form.codes -%}
        {%- do parts.update({code: _part_of_time(value, form.pattern, loop.index)}) -%}
    {%- endfor -%}
    {%- set told -%}
        case when {{ parse_timestamp(value, "'UTC'") }} is not null
            then concat({{ value }}, {{ sql_text(' (expected as ' ~ format ~ ')') }}) end,
    {%- endset -%}
    coalesce(
        case when {{ trimmed(value) }} rlike {{ sql_text(form.pattern) }} then cast(
            try_cast(concat({{ _iso_of(parts) | join(', ') }})
                as {{ 'timestamp' if 'H' in parts or 'I' in parts else 'date' }})
            as string
        ) end,
        {{ told if format.startswith('%Y') and form.codes[1] == 'd' }}
        {{ value }}
    )
{%- endmacro %}


{% macro _part_of_time(value, pattern, place) -%}
    regexp_extract({{ trimmed(value) }}, {{ sql_text(pattern) }}, {{ place }})
{%- endmacro %}
