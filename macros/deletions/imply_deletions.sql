{#
    For decide_records, of an entity whose files are each the whole state: the CTEs up to `implied`,
    one row per key and file that lacks the key, where the key was there before. Reads `pending` and
    `past`, which then have all records of the entity.

    A file with no rows deletes nothing, nor does one with a row whose key cannot be read: the key
    that it means may be any of those that seem to be missing. A forgotten row means none of them.
    The deletion stands behind all rows of its file: its row in record_id is greater than any that a
    file may have.

    entity: the entity's name.
#}
{% macro imply_deletions(entity) -%}
named as (

    select
        load_id,
        record_id,
        source,
        record_key,
        key_hash,
        text_hash,
        rule_set,
        reasons is null and not is_deletion as is_there,
        reasons is null and is_deletion as is_gone
    from pending
    union all
    select
        load_id,
        record_id,
        source,
        record_key,
        key_hash,
        text_hash,
        rule_set,
        {{ is_accepted('outcome') }} and not is_deletion as is_there,
        {{ is_accepted('outcome') }} and is_deletion as is_gone
    from past
    where row_number is not null

),

files as (

    select
        load_id,
        max(case
            when not ({{ is_blank('record_key') }}) then 0
            when text_hash = {{ forgotten_text_hash(entity, 'source') }} then 0
            else 1
        end) = 0 as names_all_keys
    from named
    group by load_id

),

following as (

    select
        load_id,
        min(case when names_all_keys then load_id end) over (
            order by load_id rows between 1 following and unbounded following
        ) as next_load_id
    from files

),

missing as (

    select
        following.next_load_id as load_id,
        named.record_key,
        named.key_hash,
        max(named.source) as source,
        max(named.rule_set) as rule_set
    from named
    inner join following
        on following.load_id = named.load_id
    left join named as again
        on again.key_hash = named.key_hash
        and again.record_key = named.record_key
        and again.load_id = following.next_load_id
    left join past as told
        on told.row_number is null
        and told.load_id = following.next_load_id
        and told.key_hash = named.key_hash
        and told.record_key = named.record_key
    where following.next_load_id is not null
        and again.record_id is null
        and told.record_id is null
        and not {{ is_blank('named.record_key') }}
    group by
        following.next_load_id,
        named.record_key,
        named.key_hash

),

told_before as (

    select
        load_id,
        max(record_id) as last_id
    from past
    where row_number is null
    group by load_id

),

numbered as (

    select
        missing.*,
        coalesce(told_before.last_id, missing.load_id * {{ rows_per_load() }} + 9000000000)
        + row_number() over (
            partition by missing.load_id order by missing.key_hash, missing.record_key
        ) as record_id
    from missing
    left join told_before
        on told_before.load_id = missing.load_id

),

-- a key that is not there cannot be deleted
states as (

    select
        record_id,
        key_hash,
        record_key,
        is_there,
        is_gone,
        false as is_implied
    from named
    union all
    select
        record_id,
        key_hash,
        record_key,
        false as is_there,
        true as is_gone,
        false as is_implied
    from past
    where row_number is null
    union all
    select
        record_id,
        key_hash,
        record_key,
        false as is_there,
        true as is_gone,
        true as is_implied
    from numbered

),

traced as (

    select
        record_id,
        is_implied,
        max(case when is_there then record_id end) over (
            partition by key_hash, record_key order by record_id
            rows between unbounded preceding and 1 preceding
        ) as there_id,
        max(case when is_gone then record_id end) over (
            partition by key_hash, record_key order by record_id
            rows between unbounded preceding and 1 preceding
        ) as gone_id
    from states

),

implied as (

    select numbered.*
    from numbered
    inner join traced
        on traced.record_id = numbered.record_id
        and traced.is_implied
    where traced.there_id > coalesce(traced.gone_id, 0)

)
{%- endmacro %}
