{#
    Stores in ops.reprocess_records which records the open requests of an entity stand for. They
    choose keys, and all records of a key are decided again: those that had it, and those that have
    it under the present rules. Such a record may bring a further key with it, so this goes on until
    none comes in.

    entity: the entity's name.
#}
{% macro choose_reprocessed(entity) %}
    {% set requests = open_requests(entity) %}
    {% if requests %}
        {% set chosen = source('ops', 'reprocess_records') %}
        {% set choice %}
            -- a run that was stopped chose before; what it forgot already, it alone can name
            delete from {{ chosen }}
            where entity = '{{ entity }}'
                and new_key_hash is not null;
            {{ keep_result('keys_of_records', keys_of_records(entity)) }};
            {{ _choose(entity, _first_choice(entity, requests)) }}
        {% endset %}
        {% for each in separate_statements(choice) %}
            {% call statement(auto_begin=false) %}{{ each }}{% endcall %}
        {% endfor %}
        {% set ns = namespace(before=-1, chosen=_amount(entity)) %}
        {% for round in range(1000) if ns.chosen > ns.before %}
            {% call statement(auto_begin=false) %}
                {{ _choose(entity, _of_the_same_keys(entity)) }}
            {% endcall %}
            {% set ns.before = ns.chosen %}
            {% set ns.chosen = _amount(entity) %}
        {% endfor %}
        {% call statement(auto_begin=false) %}{{ forget_result('keys_of_records') }}{% endcall %}
    {% endif %}
{% endmacro %}


{% macro _choose(entity, condition) -%}
insert into {{ source('ops', 'reprocess_records') }}
    (entity, record_id, attempt, key_hash, new_key_hash)
select
    '{{ entity }}',
    records.record_id,
    records.attempt + 1,
    records.key_hash,
    records.new_key_hash
from keys_of_records as records
where ({{ condition }})
    and records.record_id not in (
        select record_id from {{ source('ops', 'reprocess_records') }}
        where entity = '{{ entity }}'
    )
{%- endmacro %}


{% macro _first_choice(entity, requests) -%}
    {%- if is_delivered_in_full(entity) or (order_changes(entity) and is_reprocessed_whole(entity)) -%}
    1 = 1
    {%- else -%}
    {%- for request in requests -%}
    ({{ _fits(request) }}){{ ' or ' if not loop.last }}
    {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- A request without selectors is for all that the present rules may decide otherwise. -#}
{% macro _fits(request) -%}
    {%- set parts = [] -%}
    {%- if request.source -%}
        {%- do parts.append('records.source = ' ~ sql_text(request.source)) -%}
    {%- endif -%}
    {%- if request.record_key -%}
        {%- set key_hash = hash_number(sql_text(request.record_key)) -%}
        {%- do parts.append(
            key_hash ~ ' in (records.key_hash, records.new_key_hash)'
        ) -%}
    {%- endif -%}
    {%- if request.since -%}
        {%- do parts.append("records.landed_at >= cast('" ~ request.since ~ "' as timestamp)") -%}
    {%- endif -%}
    {%- if request.until -%}
        {%- do parts.append("records.landed_at < cast('" ~ request.until ~ "' as timestamp)") -%}
    {%- endif -%}
    {{ parts | join(' and ') or "records.is_outdated or records.outcome = 'late'" }}
{%- endmacro %}


{% macro _of_the_same_keys(entity) -%}
    {%- set keys -%}
    (
        select key_hash from {{ source('ops', 'reprocess_records') }}
        where entity = '{{ entity }}'
        union
        select new_key_hash from {{ source('ops', 'reprocess_records') }}
        where entity = '{{ entity }}'
            and new_key_hash is not null
    )
    {%- endset -%}
    records.key_hash in {{ keys }} or records.new_key_hash in {{ keys }}
{%- endmacro %}


{% macro _amount(entity) %}
    {{ return(rows_of(
        'select count(*) from ' ~ source('ops', 'reprocess_records') ~ " where entity = '"
        ~ entity ~ "'"
    )[0][0]) }}
{% endmacro %}
