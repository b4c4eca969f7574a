{#
    The records not decided yet, typed and checked against the contract: every reason for
    rejection, the digest of the content, freshness. One row per record and attempt.

    entity:  the entity's name.
    what_if: check every landed record as of now, outside of any build, for a comparison.
    unioned: what to select the staged records from, for whom dbt lets refer to no model.
    settings: what to select the settings of the sources from, by default the table of the loader.
#}
{% macro check_records(entity, what_if=false, unioned=none, settings=none) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set reasons = contract_reasons(entity) -%}
{%- set key = contract.key -%}
with

settings as (

    select * from {{ settings or source('raw', 'sources') }}

),

run as (

    {{ ('select ' ~ utc_now() ~ ' as run_clock' if what_if else current_run()) | indent(4) }}

),

unfinished as (

    {{ unfinished_loads(entity, everything=what_if or rebuilding()) | indent(4) }}

),

redriven as (

    -- a rebuild decides every record afresh, so nothing is left to decide again
    select
        record_id,
        {{ load_of('record_id') }} as load_id,
        attempt
    from {{ source('ops', 'redrive_requests') }}
    where entity = '{{ entity }}'
        and completed_at is null
        and {{ '1 = 0' if what_if or rebuilding() else '1 = 1' }}

),

-- so that of the landed rows none is read but those of these loads
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
        -- adapt is off: nothing is taken up, the next full run does
        and 1 = 0
        {%- endif %}

),

typed as (

    select
        picked.*,
        {%- for name, column in contract.columns.items() %}
        {{ _typed('picked.staged_' ~ name, column.type) }} as {{ name }},
        {%- if column.type == 'json' %}
        nullif({{ json_canonical('picked.staged_' ~ name) }}, 'null') as canonical_{{ name }},
        {%- endif %}
        {%- endfor %}
        {{ hash_number('picked.staged_' ~ key) }} as own_key_hash
    from picked
    left join settings
        on settings.source = picked.source

),

-- The engine pastes the expressions of one query into the next wherever it may, and then evaluates
-- them once for each place in which they stand. It does not reach through a join, so what is dear
-- is joined with its settings where it is made, not before.
validated as (

    select
        typed.*,
        run.run_clock,
        {{ stage_covers('validate', 'own_key_hash') }} as is_validated
    from typed
    cross join run

),

reasoned as (

    select
        validated.*,
        case
            -- nothing else can be said of a record that could not be read
            when problem is not null then problem
            else nullif(concat_ws(
                ',',
                {%- for reason in reasons %}
                case when {{ _fails(reason) }} then '{{ reason.name }}' end
                {{- ',' if not loop.last }}
                {%- endfor %}
            ), '')
        end as reason_list,
        {{ record_digest(
            ['source', "case when problem is not null then record end"]
            + _digest_columns(contract)
        ) | indent(8) }} as content_hash
    from validated

),

explained as (

    select
        reasoned.*,
        settings.late = 'dead_letter' as may_be_late_dead_letter,
        case
            when reason_list is null then null
            when problem is not null then 'the record could not be read: ' || problem
            else concat_ws(
                '; ',
                {%- for reason in reasons %}
                case when {{ _fails(reason) }} then {{ sql_text(reason.meaning) }}
                {%- if reason.column and not reason.name.startswith('missing_') %}
                    || coalesce(
                        ': ' || nullif(substr({{ trimmed('staged_' ~ reason.column) }}, 1, 200), ''), ''
                    )
                {%- endif %} end{{ ',' if not loop.last }}
                {%- endfor %}
            )
        end as explanation,
        -- a rejected record is the same one again only if its text, the contract and the
        -- adapter are the same, too
        case when reason_list is not null then {{ record_digest([
            'cast(content_hash as ' ~ dbt.type_string() ~ ')',
            'record',
            'settings.adapter_hash',
            "'" ~ local_md5(tojson(contract)) ~ "'",
            'cast(is_validated as ' ~ dbt.type_string() ~ ')',
        ]) | indent(8) }} end as rejection_hash
    from reasoned
    left join settings
        on settings.source = reasoned.source

)

select
    record_id,
    source,
    load_id,
    row_number,
    attempt,
    {{ key }} as record_key,
    -- a record without a key is looked up by its content: they would all be under one hash
    case
        when {{ is_blank('staged_' ~ key) }}
            then cast(content_hash % 9223372036854775807 as bigint)
        else own_key_hash
    end as key_hash,
    {{ contract.event_time or 'cast(null as timestamp)' }} as event_time,
    content_hash,
    rejection_hash,
    split(reason_list, ',') as reasons,
    split_part(reason_list, ',', 1) as error,
    explanation,
    -- the text travels on only where it may be needed for a dead letter
    case when reason_list is not null or may_be_late_dead_letter then record end as record,
    is_validated,
    {{ _freshness(contract) }} as freshness
    {%- for name, column in contract.columns.items() %}
    {%- if column.reconcile and column.type == 'json' %},
    nullif({{ json_canonical('staged_' ~ name, numbers_by_size=true) }}, 'null')
        as {{ name }}_comparable
    {%- elif column.reconcile and column.type in ['number', 'integer'] %},
    -- the text is exact where a double is not
    case when {{ name }} is not null then {{ trimmed('staged_' ~ name) }} end
        as {{ name }}_comparable
    {%- endif %}
    {%- endfor %}
    {#- the key and the event time stand above under their general names -#}
    {%- for name, column in contract.columns.items()
        if column.reconcile or name not in [key, contract.event_time] %},
    {{ name }}
    {%- endfor %}
from explained
{% endmacro %}


{% macro _typed(text, type) -%}
    {%- if type == 'number' -%} {{ parse_number(text) }}
    {%- elif type == 'timestamp' -%} {{ parse_timestamp(text, 'settings.timezone') }}
    {%- elif type == 'json' -%} {{ json_plain(text) }}
    {%- elif type == 'integer' -%}
    case when {{ matches(trimmed(text), '^[+-]?[0-9]+$') }}
        then try_cast({{ trimmed(text) }} as bigint) end
    {%- elif type == 'boolean' -%}
    case lower({{ trimmed(text) }}) when 'true' then true when 'false' then false end
    {%- else -%} {{ text }}
    {%- endif -%}
{%- endmacro %}


{% macro _fails(reason) -%}
    {%- if reason.always or stage_covers('validate', 'own_key_hash') == 'true' -%}
        {{ reason.fails }}
    {%- else -%}
        is_validated and {{ reason.fails }}
    {%- endif -%}
{%- endmacro %}


{% macro _digest_columns(contract) %}
    {% set columns = [] %}
    {% for name, column in contract.columns.items() %}
        {% do columns.append(
            ('canonical_' if column.type == 'json' else 'staged_') ~ name
        ) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{% macro _freshness(contract) -%}
    {%- if not contract.freshness -%}
    case when {{ stage_covers('freshness', 'own_key_hash') }} then 'unknown' end
    {%- else -%}
    case
        when not ({{ stage_covers('freshness', 'own_key_hash') }}) then null
        when {{ contract.freshness }} is null then 'unknown'
        when {{ contract.freshness }} < run_clock - interval '{{ var("max_age") }}' second
            then 'stale'
        else 'fresh'
    end
    {%- endif -%}
{%- endmacro %}
