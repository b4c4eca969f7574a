{#
    Types the records that are not decided yet and checks them against the contract: every reason
    for rejection, the digest of the content, freshness. One row per record and attempt.

    entity:        the entity's name.
    outside_build: check every landed record as of now, to compare it with what was decided.
    unioned:       what to select the staged records from, where dbt lets nobody refer to a model.
    settings:      what to select the settings of the sources from, instead of the loader's table.
#}
{% macro check_records(entity, outside_build=false, unioned=none, settings=none) %}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set reasons = contract_reasons(entity) -%}
{%- set key = contract.key -%}
{%- set is_sensitive = sensitive_columns(contract) != '' -%}
{#- whoever knows part of a record could try out the rest by its digest -#}
{%- set salt = ['salt'] if is_sensitive else [] -%}
{%- set letter = "'[withheld: " ~ entity ~ " has sensitive columns]'" if is_sensitive else 'record' -%}
with

settings as (

    select
        source,
        late,
        timezone,
        {{ null_texts('settings_now') }} as null_texts,
        {{ rule_set_of(contract, 'settings_now', true) | indent(8) }} as validated_by,
        {{ rule_set_of(contract, 'settings_now', false) | indent(8) }} as read_by
    from {{ settings or source('raw', 'sources') ~ ' as settings_now' }}

),

run as (

    {{ ('select ' ~ utc_now() ~ ' as run_clock' if outside_build else current_run()) | indent(4) }}

),

{{ pick_records(entity, outside_build, unioned) }},

typed as (

    select
        picked.*,
        {%- for name, column in contract.columns.items() %}
        {{ typed_value('picked.staged_' ~ name, column) }} as {{ name }},
        {%- if column.type == 'json' %}
        nullif({{ json_canonical('picked.staged_' ~ name) }}, 'null') as canonical_{{ name }},
        {%- endif %}
        {%- endfor %}
        {{ key_digest(contract, 'picked.staged_' ~ key) }} as own_key_hash
    from picked
    left join settings
        on settings.source = picked.source

),

-- The engine copies the expressions of one query into the next where it can, and then evaluates
-- every copy. It cannot do so through a join: a costly expression is followed by one.
validated as (

    select
        typed.*,
        run.run_clock,
        {%- if is_sensitive %}
        {{ warehouse_salt() }} as salt,
        {%- endif %}
        {{ stage_covers('validate', 'own_key_hash') }} as is_validated
    from typed
    cross join run

),

reasoned as (

    select
        validated.*,
        case
            -- nothing more is known of a record that could not be read
            when problem is not null then problem
            else nullif(concat_ws(
                ',',
                {%- for reason in reasons %}
                case when {{ _fails(contract, reason) }} then '{{ reason.name }}' end
                {{- ',' if not loop.last }}
                {%- endfor %}
            ), '')
        end as reason_list,
        {{ record_digest(
            salt + ['source', _unread_text()] + _digest_columns(contract)
        ) | indent(8) }} as content_hash
    from validated

),

explained as (

    select
        reasoned.*,
        case when is_validated then settings.validated_by else settings.read_by end as rule_set,
        settings.late = 'dead_letter' as may_be_late_dead_letter,
        {{ _is_ambiguous_time(contract) | indent(8) }} as is_ambiguous_time,
        case
            when reason_list is null then null
            when problem = 'forgotten' then 'its key is forgotten, and its text was removed'
            when problem is not null then 'the record could not be read: ' || problem
            else concat_ws(
                '; ',
                {%- for reason in reasons %}
                case when {{ _fails(contract, reason) }} then {{ sql_text(reason.meaning) }}
                {#- what breaks a contract may stand in any column, as where a row has shifted -#}
                {%- if reason.column and not reason.name.startswith('missing_')
                    and not is_sensitive %}
                    || coalesce(
                        ': ' || nullif(
                            substr({{ trimmed('staged_' ~ reason.column) }}, 1, 200), ''
                        ), ''
                    )
                {%- endif %} end{{ ',' if not loop.last }}
                {%- endfor %}
            )
        end as explanation,
        -- a record that broke the contract repeats another only if the whole text is the same
        case when reason_list is not null or settings.late = 'dead_letter'
            then {{ record_digest(salt + ['reasoned.source', 'record']) | indent(12) }} end as text_hash
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
    {{ _shown_key(contract) }} as record_key,
    -- records without a key would all share one hash: they are found by their content
    case
        when {{ is_blank('staged_' ~ key) }}
            then cast(content_hash % 9223372036854775807 as bigint)
        else own_key_hash
    end as key_hash,
    {{ contract.event_time or 'cast(null as timestamp)' }} as event_time,
    content_hash,
    text_hash,
    rule_set,
    twin_id,
    is_deletion,
    is_reprocessed,
    split(reason_list, ',') as reasons,
    split_part(reason_list, ',', 1) as error,
    explanation,
    -- the text is passed on only where a dead letter may need it
    case when reason_list is not null or may_be_late_dead_letter then {{ letter }} end as record,
    is_validated,
    is_ambiguous_time,
    {{ _freshness(contract) }} as freshness
    {%- for name, column in contract.columns.items() %}
    {%- if column.reconcile and column.type == 'json' %},
    case when {{ name }} is not null
        then nullif({{ json_canonical('staged_' ~ name, numbers_by_size=true) }}, 'null') end
        as {{ name }}_comparable
    {%- elif column.reconcile and is_number(column.type) %},
    -- the text is exact where a double is not
    case when {{ name }} is not null then {{ trimmed('staged_' ~ name) }} end
        as {{ name }}_comparable
    {%- elif column.reconcile and column.sensitive == 'mask' %},
    {{ keyed_digest('salt', name) }} as {{ name }}_comparable
    {%- endif %}
    {%- endfor %}
    {#- the key and the event time are above, under their general names -#}
    {%- for name, column in contract.columns.items()
        if column.reconcile or name not in [key, contract.event_time] %},
    {{ shown_value(name, column) ~ ' as ' ~ name if column.sensitive else name }}
    {%- endfor %}
from explained
{% endmacro %}


{#- What a record says that cannot be read. Of forgotten ones, which say nothing, none repeats
    another. -#}
{% macro _unread_text() -%}
    case
        when problem = 'forgotten' then cast(record_id as {{ dbt.type_string() }})
        when problem is not null then record
    end
{%- endmacro %}


{#- A blank key is none, and no secret. -#}
{% macro _shown_key(contract) -%}
    {%- set key = contract.key -%}
    {%- set shown = shown_value(key, contract.columns[key]) -%}
    {%- if contract.columns[key].sensitive -%}
    case when not ({{ is_blank('staged_' ~ key) }}) then {{ shown }} end
    {%- else -%} {{ shown }}
    {%- endif -%}
{%- endmacro %}


{#- A deletion needs its key and its event time only. -#}
{% macro _fails(contract, reason) -%}
    {%- set can_delete = contract.deleted_when or tombstone_sources(contract.entity) -%}
    {%- set needed = reason.always or reason.name == 'future_timestamp' -%}
    {%- if can_delete and not needed %}not is_deletion and {% endif -%}
    {%- if not reason.always and stage_covers('validate', 'own_key_hash') != 'true' -%}
        is_validated and {% endif -%}
    {{ reason.fails }}
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


{#- Of any of its times. A tombstone's is a moment. -#}
{% macro _is_ambiguous_time(contract) -%}
    {%- set conditions = [] -%}
    {%- for name, column in contract.columns.items() if column.type == 'timestamp' -%}
        {%- do conditions.append(is_ambiguous_time('staged_' ~ name, 'settings.timezone', name)) -%}
    {%- endfor -%}
    {{ conditions | join(' or ') or 'false' }}
{%- endmacro %}


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
