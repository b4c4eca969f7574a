{#
    For check_records: the CTEs up to `picked`, the records to check. These are the records of
    unfinished loads and those to be decided again. Their columns are text, named staged_<column>,
    after what the contract's `normalize` says.

    entity, outside_build, unioned: as for check_records.
#}
{% macro pick_records(entity, outside_build, unioned) -%}
{%- set contract = contract(entity) -%}
unfinished as (

    {{ unfinished_loads(entity, everything=outside_build or rebuilding()) | indent(4) }}

),

redriven as (

    -- a rebuild decides every record anew, so nothing is left to decide again
    select
        record_id,
        {{ load_of('record_id') }} as load_id,
        attempt
    from {{ source('ops', 'redrive_requests') }}
    where entity = '{{ entity }}'
        and completed_at is null
        and {{ '1 = 0' if outside_build or rebuilding() else '1 = 1' }}

),

-- of the landed records, only those of these loads are read
wanted as (

    select
        load_id,
        true as is_new
    from unfinished
    union all
    select distinct
        load_id,
        false as is_new
    from redriven

),

unioned as (

    select * from {{ unioned or ref('int_' ~ entity ~ '__unioned') }}

),

picked as (

    select
        unioned.record_id,
        unioned.source,
        unioned.load_id,
        unioned.row_number,
        coalesce(redriven.attempt, 1) as attempt,
        unioned.record,
        unioned.problem,
        {%- for name, column in contract.columns.items() %}
        {%- set ns = namespace(text='unioned.' ~ name) %}
        {%- for step in column.normalize or [] %}
        {%- set ns.text = trimmed(ns.text) if step == 'trim' else step ~ '(' ~ ns.text ~ ')' %}
        {%- endfor %}
        {{ ns.text }} as staged_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from unioned
    inner join wanted
        on wanted.load_id = unioned.load_id
    left join redriven
        on redriven.record_id = unioned.record_id
        and not wanted.is_new
    where (wanted.is_new or redriven.record_id is not null)
        {%- if not stage_is_on('adapt') %}
        -- adapt is off: the next run with it on takes up what landed
        and 1 = 0
        {%- endif %}

)
{%- endmacro %}
