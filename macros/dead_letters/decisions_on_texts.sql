{#
    For dead_letters_of: the CTEs up to `decided`, all decisions on the records that have the text
    of a dead letter, with the columns source and text_hash of the letter. is_repeat: the record is
    a duplicate of another with the same text. Reads the CTE `letters`.

    decisions: the relation of the entity's decisions.
#}
{% macro decisions_on_texts(decisions) -%}
texts as (

    -- few decisions have the digest of a text
    select distinct
        decided.record_id,
        letters.source,
        letters.text_hash
    from {{ decisions }} as decided
    inner join letters
        on letters.text_hash = decided.text_hash
        and letters.source = decided.source
    where decided.text_hash is not null

),

decided as (

    {{ _decisions_on_texts(decisions, 'decided.text_hash is not null') | indent(4) }}
    union all
    -- a record that was accepted in the end has no digest of its text any more
    {{ _decisions_on_texts(decisions, 'decided.attempt > 1 and decided.text_hash is null')
        | indent(4) }}

)
{%- endmacro %}


{#- The decisions on the records of the CTE texts; is_repeat: one of these texts repeats itself. -#}
{% macro _decisions_on_texts(decisions, condition) -%}
select
    texts.source,
    texts.text_hash,
    decided.record_id,
    decided.attempt,
    decided.record_key,
    decided.key_hash,
    decided.event_time,
    decided.content_hash,
    decided.rule_set,
    decided.outcome,
    decided.other_record_id,
    decided.outcome = 'duplicate' and originals.record_id is not null as is_repeat,
    decided.is_dead_letter,
    decided.reasons,
    decided.error,
    decided.explanation,
    decided.decided_at
from {{ decisions }} as decided
inner join texts
    on texts.record_id = decided.record_id
left join texts as originals
    on originals.record_id = decided.other_record_id
    and originals.text_hash = texts.text_hash
where {{ condition }}
{%- endmacro %}
