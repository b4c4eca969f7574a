{%- set selects = [] -%}
{%- for names in var('sources').values() -%}
{%- for source_name in names or [] -%}
{%- set each -%}
select
    '{{ source_name }}' as source,
    load_id,
    row_number,
    record,
    problem,
    position
from {{ source('raw', source_name) }}
{%- endset -%}
{%- do selects.append(each) -%}
{%- endfor -%}
{%- endfor -%}
{%- for each in selects -%}
{{ each }}
{{ 'union all' if not loop.last }}
{% else -%}
-- no source is registered: the same columns, no rows
select
    cast(null as string) as source,
    cast(null as bigint) as load_id,
    cast(null as bigint) as row_number,
    cast(null as string) as record,
    cast(null as string) as problem,
    cast(null as string) as position
where 1 = 0
{% endfor -%}
