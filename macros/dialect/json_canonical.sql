{#
    JSON text in which neither the order of an object's keys nor white space matters: an object
    or array becomes the sorted list of its leaves. Other values stay as they are.

    value:           a SQL expression.
    numbers_by_size: also write equal numbers alike (1 is 1.0), for comparing sources.
#}
{% macro json_canonical(value, numbers_by_size=false) %}
    {{- return(adapter.dispatch('json_canonical')(value, numbers_by_size)) -}}
{% endmacro %}


{% macro duckdb__json_canonical(value, numbers_by_size) -%}
    {%- set nested -%}
        substr({{ value }}, 1, 1) in ('{', '[') and json_valid({{ value }})
    {%- endset -%}
    {%- set atom = 'ops.plain_numbers(cast(leaf.atom as varchar))' -%}
    {%- if numbers_by_size -%}
        {%- set atom = number_by_size(atom) -%}
    {%- endif -%}
    case
        when {{ nested }} then (
            select string_agg(
                leaf.fullkey || '=' || coalesce({{ atom }}, leaf.type), ';' order by leaf.fullkey
            )
            from json_tree(case when {{ nested }} then ops.exact_numbers({{ value }}) end) as leaf
        )
        {%- if numbers_by_size %}
        else {{ number_by_size(value) }}
        {%- else %}
        else {{ value }}
        {%- endif %}
    end
{%- endmacro %}


{#-
    Reads the signs and texts of the value one after the other. What is open is kept meanwhile: the
    paths of objects and arrays, the place of the next element of each array, -1 of an object, and the
    name of the member that comes next.
-#}
{% macro spark__json_canonical(value, numbers_by_size) -%}
    {%- set place = 'element_at(state.places, -1)' -%}
    {%- set path -%}
        case
            when size(state.paths) = 0 then '$'
            when {{ place }} < 0 then concat(element_at(state.paths, -1), state.name)
            else concat(element_at(state.paths, -1), '[', {{ place }}, ']')
        end
    {%- endset -%}
    {%- set places -%}
        case when size(state.paths) = 0 then state.places else concat(
            slice(state.places, 1, size(state.places) - 1),
            array({{ place }} + case when {{ place }} < 0 then 0 else 1 end)
        ) end
    {%- endset -%}
    {#- only what is escaped may be written in several ways -#}
    {%- set atom -%}
        case when contains(token, r'\') then to_json(try_parse_json(token)) else token end
    {%- endset -%}
    case
        when substr({{ value }}, 1, 1) in ('{', '[')
            and get_json_object({{ value }}, '$') is not null then aggregate(
            regexp_extract_all(
                {{ value }},
                r'"[^"\\]*+(?:\\.[^"\\]*+)*+"(?:\s*:)?|[{}\[\]]|-?[0-9][0-9.eE+-]*|true|false|null',
                0
            ),
            named_struct(
                'paths', cast(array() as array<string>),
                'places', cast(array() as array<int>),
                'name', '',
                'leaves', cast(array() as array<struct<path: string, atom: string>>)
            ),
            (state, token) -> case
                when token like '"%:' then named_struct(
                    'paths', state.paths,
                    'places', state.places,
                    'name', {{ _step_to('token') | indent(20) }},
                    'leaves', state.leaves
                )
                when token in ('}', ']') then named_struct(
                    'paths', slice(state.paths, 1, size(state.paths) - 1),
                    'places', slice(state.places, 1, size(state.places) - 1),
                    'name', '',
                    'leaves', state.leaves
                )
                else named_struct(
                    'paths', case
                        when token in ('{', '[') then concat(state.paths, array({{ path }}))
                        else state.paths
                    end,
                    'places', concat({{ places }}, case
                        when token = '{' then array(-1)
                        when token = '[' then array(0)
                        else cast(array() as array<int>)
                    end),
                    'name', '',
                    'leaves', concat(state.leaves, array(named_struct(
                        'path', {{ path }},
                        'atom', case token
                            when '{' then 'OBJECT'
                            when '[' then 'ARRAY'
                            when 'null' then 'NULL'
                            else {{ number_by_size(atom) if numbers_by_size else atom }}
                        end
                    )))
                )
            end,
            state -> array_join(
                transform(
                    array_sort(state.leaves), leaf -> concat(leaf.path, '=', leaf.atom)
                ),
                ';'
            )
        )
        else {{ number_by_size(value) if numbers_by_size else value }}
    end
{%- endmacro %}


{#- The step of a path to a member, as DuckDB writes it, from its name in JSON with the colon. -#}
{% macro _step_to(token) -%}
    {%- set name -%}
        get_json_object(concat('{"name":', rtrim(':', {{ token }}), '}'), '$.name')
    {%- endset -%}
    case when {{ name }} rlike r'\A[A-Za-z][A-Za-z0-9_]*\z' then concat('.', {{ name }})
        else concat('."', replace(replace({{ name }}, r'\', r'\\'), '"', r'\"'), '"') end
{%- endmacro %}
