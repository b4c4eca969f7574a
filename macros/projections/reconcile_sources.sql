{#
    Compares what the sources of an entity say of each key that changed since the last
    reconciliation: matched, mismatched, stale_source or single_source. Only registered sources take
    part; one that deleted the key is silent on it.

    entity: the entity's name. Its contract names the columns to compare, with their tolerances.
#}
{% macro reconcile_sources(entity) %}
{{- config(full_refresh=none if stage_is_on('reconcile') else false) -}}
{%- do require_whole_chain(entity) -%}
{%- set contract = contract(entity) -%}
{%- set compared = {} -%}
{%- for name, column in contract.columns.items() if column.reconcile -%}
    {%- do compared.update({name: column}) -%}
{%- endfor -%}
with

run as (

    {{ current_run() | indent(4) }}

),

touched as (

    {{ touched_keys(entity) | indent(4) }}

),

stale as (

    {{ stale_sources(entity) | indent(4) }}

),

accepted as (

    select
        accepted.*,
        stale.source is not null as is_stale
    from {{ ref('int_' ~ entity ~ '__accepted') }} as accepted
    left join stale
        on stale.source = accepted.source
    where accepted.source in ('{{ sources_of(entity) | join("', '") }}')
        and accepted.key_hash in (select key_hash from touched)

),

last_words as (

    select
        record_key,
        key_hash,
        {{ sorted_list("source || '=' || replace(cast(landed_at as "
            ~ dbt.type_string() ~ "), ' ', 'T')") }} as last_word_by_source
    from accepted
    group by record_key, key_hash

),

compared as (

    select
        record_key,
        key_hash,
        count(*) as source_count,
        max(case when is_stale then 1 else 0 end) = 1 as has_stale,
        {{ sorted_list('source') }} as sources,
        {%- for name, column in compared.items() %}
        {{ sorted_list("source || '=' || coalesce(cast(" ~ name ~ " as "
            ~ dbt.type_string() ~ "), 'null')") }} as {{ name }}_by_source,
        {%- if is_number(column.type) %}
        {{ _spread(name) }} as {{ name }}_spread,
        {%- endif %}
        {{ _agrees(name, column) | indent(8) }} as {{ name }}_agrees{{ ',' if not loop.last }}
        {%- endfor %}
    from accepted
    where not is_deletion
        and {{ stage_covers('reconcile', 'key_hash') }}
        {%- if not reconciles(entity) %}
        -- off, or nothing to compare with: the table stays as it is
        and 1 = 0
        {%- endif %}
    group by record_key, key_hash

)

select
    compared.record_key as {{ contract.key }},
    case
        when compared.source_count = 1 then 'single_source'
        when {% for name in compared -%}
            compared.{{ name }}_agrees{{ ' and ' if not loop.last }}
        {%- endfor %}
            then case when compared.has_stale then 'stale_source' else 'matched' end
        else 'mismatched'
    end as status,
    compared.sources,
    last_words.last_word_by_source,
    split(nullif(concat_ws(
        ',',
        {%- for name in compared %}
        case when compared.source_count > 1 and not compared.{{ name }}_agrees
            then '{{ name }}' end{{ ',' if not loop.last }}
        {%- endfor %}
    ), ''), ',') as differing_columns,
    {%- for name, column in compared.items() %}
    compared.{{ name }}_by_source,
    {%- if is_number(column.type) %}
    compared.{{ name }}_spread,
    {%- endif %}
    {%- endfor %}
    compared.key_hash,
    run.run_id,
    {{ utc_now() }} as reconciled_at
from compared
inner join last_words
    on last_words.key_hash = compared.key_hash
    and last_words.record_key = compared.record_key
cross join run
{% endmacro %}


{#- Whether all sources say the same of a column, within its tolerance. NULL is no value. #}
{% macro _agrees(name, column) -%}
{%- if is_number(column.type) -%}
    {%- set tolerance = column.reconcile if column.reconcile is mapping else {'absolute': '0'} -%}
    {%- set kind = tolerance.keys() | list -%}
    {%- if kind not in [['absolute'], ['relative']] -%}
        {{ exceptions.raise_compiler_error(
            'contract: reconcile of ' ~ name ~ ": expected {'absolute': '0.01'} or "
            ~ "{'relative': '0.05'}, got " ~ column.reconcile
        ) }}
    {%- endif -%}
    {%- set allowed = "cast('" ~ tolerance[kind[0]] ~ "' as decimal(18, 12))" -%}
count({{ name }}) in (0, count(*)) and coalesce(
    {#- in decimals: 1.1 - 1.0 is more than 0.1 in doubles -#}
    {%- for exact in _exact(name, kind[0]) %}
    case when count({{ exact }}) = count({{ name }}) then {{ _within(exact, kind[0], allowed) }} end,
    {%- endfor %}
    {#- in doubles, where a value has more digits than a decimal and doubles keep the tolerance -#}
    count(distinct {{ number_by_size(name ~ '_comparable') }}) <= 1
    {%- if kind[0] == 'relative' %}
    or {{ _within(name, 'relative', 'cast(' ~ allowed ~ ' as double)') }}
    {%- elif column.reconcile is mapping %}
    or max(abs({{ name }})) < 1e15 and {{ _within(name, 'absolute', allowed) }}
    {%- endif %},
    true
)
{%- else -%}
    {%- set has_comparable = column.type == 'json' or column.sensitive == 'mask' -%}
    {%- set value = name ~ '_comparable' if has_comparable else name -%}
count({{ value }}) in (0, count(*)) and count(distinct {{ value }}) <= 1
{%- endif -%}
{%- endmacro %}


{#- Whether the greatest value and the smallest are no further apart than allowed. -#}
{% macro _within(value, kind, allowed) -%}
max({{ value }}) - min({{ value }}) <= {% if kind == 'relative' %}max(abs({{ value }})) * {% endif -%}
{{ allowed }}
{%- endmacro %}


{#- In decimals, where all values fit in: 1.1 - 1.0 is 0.1. -#}
{% macro _spread(name) -%}
case
            {%- for exact in _exact(name, 'absolute') %}
            when count({{ exact }}) = count({{ name }})
                then cast(max({{ exact }}) - min({{ exact }}) as double)
            {%- endfor %}
            else max({{ name }}) - min({{ name }})
        end
{%- endmacro %}


{#-
    A value as a decimal, NULL where that would not be exact: for usual numbers, for small ones. A
    relative tolerance is multiplied by it, which takes room.
-#}
{% macro _exact(name, kind) -%}
    {%- set text = name ~ '_comparable' -%}
    {%- set forms = [] -%}
    {%- for scale in ([12, 24] if kind == 'absolute' else [12]) -%}
        {%- set type = 'decimal(38, ' ~ scale ~ ')' -%}
        {%- set before = 38 - scale if kind == 'absolute' else 13 -%}
        {%- set usual = '^[+-]?[0-9]{0,' ~ before ~ '}([.][0-9]{0,' ~ scale ~ '})?$' -%}
        {#- few numbers need a closer look -#}
        {%- set other = parse_decimal(text, type) if kind == 'absolute' else 'null' -%}
        {%- do forms.append(
            'case when ' ~ matches(text, usual) ~ ' then try_cast(' ~ text ~ ' as ' ~ type
            ~ ') else ' ~ other ~ ' end'
        ) -%}
    {%- endfor -%}
    {{- return(forms) -}}
{%- endmacro %}
