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
{{ selects | join('\nunion all\n') }}
