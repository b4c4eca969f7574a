{#
    The SQL functions that the warehouse keeps, so that what adapters compile to can be read: a list
    of {name, arguments, sql}, each after those that it calls. They are made anew before a build
    unless the project is as it was.
#}
{% macro functions() %}
    {{- return(adapter.dispatch('functions')()) -}}
{% endmacro %}


{% macro duckdb__functions() %}
    {%- set space = '[ \\t\\r\\n]*' -%}
    {%- set end = space ~ '[,\\]}]' -%}
    {%- set number = '(-?[0-9][0-9.eE+-]*)' -%}
    {%- set in_its_place = '([:\\[,]' ~ space ~ ')' ~ number ~ '(' ~ end ~ ')' -%}
    {%- set string = '"(?:[^"\\\\]|\\\\.)*"' -%}
    {#- idle zeros at the end, more digits than a double surely holds, an exponent, -0 -#}
    {%- set written_otherwise = '[.](?:[0-9]+0|[0-9]{7,})' ~ end ~ '|[0-9]{9}[.][0-9]'
        ~ '|[0-9][eE][+-]?[0-9]+' ~ end ~ '|-0' ~ end -%}
    {{- return([
        {
            'name': 'mark_numbers',
            'arguments': 'json',
            'sql':
                "regexp_replace(json, '" ~ in_its_place ~ "', "
                ~ "'\\1\"\\\\u0001number:\\2\"\\3', 'g')",
        },
        {
            'name': 'mark_numbers_slowly',
            'arguments': 'json',
            'sql':
                "array_to_string(list_transform(list_zip("
                ~ "regexp_split_to_array(json, '" ~ string ~ "'), "
                ~ "list_append(regexp_extract_all(json, '" ~ string ~ "'), '')), "
                ~ "lambda pair: concat(regexp_replace(pair[1], '" ~ number ~ "', "
                ~ "'\"\\\\u0001number:\\1\"', 'g'), pair[2])), '')",
        },
        {
            'name': 'exact_numbers',
            'arguments': 'json',
            'sql':
                "case when not regexp_matches(json, '" ~ written_otherwise ~ "') then json "
                ~ "when json_valid(ops.mark_numbers(ops.mark_numbers(json))) "
                ~ "then ops.mark_numbers(ops.mark_numbers(json)) "
                ~ "else ops.mark_numbers_slowly(json) end",
        },
        {
            'name': 'plain_numbers',
            'arguments': 'text',
            'sql':
                "regexp_replace(text, '\"\\\\u0001number:([^\"]*)\"|^\\x01number:', '\\1', 'g')",
        },
        {
            'name': 'readable',
            'arguments': 'record, problem',
            'sql': 'case when problem is null then ops.exact_numbers(record) end',
        },
        {
            'name': 'json_text',
            'arguments': 'record, problem, path',
            'sql': _restored('json_extract_string(ops.readable(record, problem), path)'),
        },
        {
            'name': 'json_value',
            'arguments': 'record, problem, path',
            'sql': _restored(
                'cast(json_extract(ops.readable(record, problem), path) as varchar)'
            ),
        },
        {
            'name': 'number_by_size',
            'arguments': 'number',
            'sql': _by_size(),
        },
    ]) -}}
{% endmacro %}


{#- The digits without idle zeros, and the power of ten by which they are multiplied. -#}
{% macro _by_size() -%}
    {%- set mantissa = "regexp_replace(ltrim(trim(number), '+'), '[eE].*$', '')" -%}
    {%- set digits = 'replace(ltrim(' ~ mantissa ~ ", '-'), '.', '')" -%}
    {%- set kept = 'rtrim(' ~ digits ~ ", '0')" -%}
    {%- set decimals = 'length(regexp_extract(' ~ mantissa ~ ", '[.]([0-9]*)$', 1))" -%}
    {%- set power = "regexp_extract(number, '[eE]([+-]?[0-9]+)', 1)" -%}
    case
        when regexp_full_match(
            trim(number), '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,9})?'
        ) is not true then number
        when ltrim({{ kept }}, '0') = '' then '0e0'
        else concat(
            case when trim(number) like '-%' then '-' end,
            ltrim({{ kept }}, '0'),
            'e',
            coalesce(try_cast({{ power }} as bigint), 0) - {{ decimals }}
            + length({{ digits }}) - length({{ kept }})
        )
    end
{%- endmacro %}


{% macro _restored(member) -%}
    case when ops.readable(record, problem) = record then {{ member }}
    else ops.plain_numbers({{ member }}) end
{%- endmacro %}


{#- There, expressions stand where they are used: a function is a statement more in each build. -#}
{% macro spark__functions() %}
    {{- return([]) -}}
{% endmacro %}
