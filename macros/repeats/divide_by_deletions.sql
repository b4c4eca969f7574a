{#
    For find_repeats: the CTEs up to `divided`. Behind a deletion of its key, a record repeats nothing
    that was before it.

    standing:  all that keeps the contract and so can be repeated, with arrival, its place in the
               order of arrival.
    followers: the same, each with what its source said before of the key (previous_...).
    deletions: those of them that are deletions, each with the deletion before.
    dividing:  the deletions that are no repeats themselves.
    divided:   record_id of each that has dividing ones before it: how many (part), and the last.

    contract, implies_deletions: as for find_repeats.
#}
{% macro divide_by_deletions(contract, implies_deletions) -%}
-- what can be repeated, by content: all that keeps the contract
standing as (

    select
        pending.record_id,
        pending.attempt,
        pending.source,
        pending.key_hash,
        pending.content_hash,
        pending.rule_set,
        coalesce(twin_decisions.arrived_as, twin_decisions.original_id, pending.record_id)
            as arrival,
        -- one that is late deletes nothing
        pending.is_deletion and not coalesce({{ _is_late('pending') | indent(8) }}, false)
            as is_deletion,
        pending.is_deletion and coalesce({{ _is_late('pending') | indent(8) }}, false)
            as is_late_deletion,
        true as is_new
    from pending
    left join settings
        on settings.source = pending.source
    left join watermarks
        on watermarks.source = pending.source
    left join repeats_of_place
        on repeats_of_place.record_id = pending.record_id
    left join twin_decisions
        on twin_decisions.record_id = pending.twin_id
    where pending.reasons is null
        and pending.record_key is not null
        and repeats_of_place.record_id is null
    union all
    select
        record_id,
        attempt,
        source,
        key_hash,
        content_hash,
        rule_set,
        coalesce(arrived_as, record_id) as arrival,
        is_deletion and {{ is_accepted('outcome') }} as is_deletion,
        false as is_late_deletion,
        false as is_new
    from past
    where outcome not in ('duplicate', 'rejected')
    {%- if implies_deletions %}
    union all
    select
        record_id,
        1 as attempt,
        source,
        key_hash,
        cast(null as decimal(38, 0)) as content_hash,
        rule_set,
        record_id as arrival,
        true as is_deletion,
        false as is_late_deletion,
        false as is_new
    from implied
    {%- endif %}

),

followers as (

    select
        standing.*,
        {%- for column in ['record_id', 'content_hash', 'rule_set', 'arrival', 'is_new'] %}
        lag({{ column }}) over (
            partition by source, key_hash order by arrival, record_id
        ) as previous_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from standing

),

deletions as (

    select
        followers.*,
        {%- for column in ['record_id', 'content_hash', 'rule_set', 'arrival'] %}
        lag({{ column }}) over (
            partition by key_hash order by record_id
        ) as deletion_before_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from followers
    where is_deletion

),

-- those that are no repeats themselves: behind one, nothing repeats what was before it
dividing as (

    select * from deletions
    where deletion_before_content_hash is distinct from content_hash
        or deletion_before_rule_set is distinct from rule_set
        {%- if not order_time(contract) %}
        or previous_record_id is distinct from deletion_before_record_id
        {%- endif %}

),

divided as (

    select
        standing.record_id,
        count(*) as part,
        max(dividing.record_id) as last_deletion_id
    from standing
    inner join dividing
        on dividing.key_hash = standing.key_hash
        and dividing.record_id < standing.record_id
    group by standing.record_id

)
{%- endmacro %}
