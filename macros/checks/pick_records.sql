{#
    For check_records: the CTEs up to `picked`, the records to check. These are the records of
    unfinished loads and those to be decided again. Their columns are text, named staged_<column>.
    Reads `settings`.

    entity, outside_build, unioned: as for check_records.
#}
{% macro pick_records(entity, outside_build, unioned) -%}
{%- set contract = contract(entity) -%}
{%- set from_the_start = outside_build or rebuilding() -%}
{%- set unioned = unioned or ref('int_' ~ entity ~ '__unioned') -%}
unfinished as (

    {{ unfinished_loads(entity, everything=from_the_start) | indent(4) }}

),

redecided as (

    -- a rebuild decides every record anew, so nothing is left to decide again
    select
        record_id,
        {{ load_of('record_id') }} as load_id,
        attempt,
        true as is_reprocessed
    from {{ source('ops', 'reprocess_records') }}
    where entity = '{{ entity }}'
        -- of a source that is registered no more there is nothing to decide
        and new_key_hash is not null
        and {{ '1 = 0' if from_the_start else '1 = 1' }}
    union all
    select
        record_id,
        {{ load_of('record_id') }} as load_id,
        attempt,
        false as is_reprocessed
    from {{ source('ops', 'redrive_requests') }}
    where entity = '{{ entity }}'
        and completed_at is null
        and record_id not in (
            select record_id from {{ source('ops', 'reprocess_records') }}
            where entity = '{{ entity }}'
        )
        and {{ '1 = 0' if from_the_start else '1 = 1' }}

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
    from redecided

),

-- of a file that landed before under the same name, with less or with other content
earlier_versions as (

    select
        landed.load_id,
        max(earlier.load_id) as earlier_id
    from {{ source('raw', 'loads') }} as landed
    inner join {{ source('raw', 'loads') }} as earlier
        on earlier.source = landed.source
        and earlier.file = landed.file
        and earlier.load_id < landed.load_id
        and earlier.status = 'landed'
    where landed.load_id in (select load_id from wanted)
    group by landed.load_id

),

earlier_records as (

    select
        earlier_versions.load_id,
        unioned.row_number,
        unioned.record_id,
        unioned.record
    from {{ unioned }} as unioned
    inner join earlier_versions
        on earlier_versions.earlier_id = unioned.load_id

),

picked as (

    select
        unioned.record_id,
        unioned.source,
        unioned.load_id,
        unioned.row_number,
        coalesce(redecided.attempt, 1) as attempt,
        coalesce(redecided.is_reprocessed, false) as is_reprocessed,
        {#- a file that is the whole state says all of its rows anew -#}
        {{ 'cast(null as bigint)' if is_delivered_in_full(entity) else 'earlier_records.record_id' }}
            as twin_id,
        unioned.record,
        {{ _is_deletion(contract) | indent(8) }} as is_deletion,
        {{ _problem(contract) | indent(8) }} as problem,
        {%- for name in contract.columns %}
        {{ staged_text(contract, name, 'unioned') }} as staged_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ unioned }} as unioned
    inner join wanted
        on wanted.load_id = unioned.load_id
    left join settings
        on settings.source = unioned.source
    left join redecided
        on redecided.record_id = unioned.record_id
        and not wanted.is_new
    left join earlier_records
        on earlier_records.load_id = unioned.load_id
        and earlier_records.row_number = unioned.row_number
        and earlier_records.record = unioned.record
    where (wanted.is_new or redecided.record_id is not null)
        {%- if not stage_is_on('adapt') %}
        -- adapt is off: the next run with it on takes up what landed
        and 1 = 0
        {%- endif %}

)
{%- endmacro %}


{% macro _is_deletion(contract) -%}
    {%- set rule = contract.deleted_when -%}
    {%- set values = [] -%}
    {%- for value in (rule['values'] if rule else []) -%}
        {%- do values.append(sql_text(value | string)) -%}
    {%- endfor -%}
    {%- if rule -%}
    coalesce({{ staged_text(contract, rule.column, 'unioned') }} in ({{ values | join(', ') }}), false)
    or {{ is_tombstone(contract.entity, 'unioned') }}
    {%- else -%}
    {{ is_tombstone(contract.entity, 'unioned') }}
    {%- endif -%}
{%- endmacro %}


{% macro _problem(contract) -%}
    {%- if tombstone_sources(contract.entity) -%}
    case when not ({{ is_tombstone(contract.entity, 'unioned') }}) then unioned.problem end
    {%- else -%}
    unioned.problem
    {%- endif -%}
{%- endmacro %}
