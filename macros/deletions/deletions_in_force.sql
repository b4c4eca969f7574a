{#
    A query for the deletions that are what their key holds.

    decisions: the relation of the decisions.
    condition: which deletions are wanted, a SQL condition over the columns of `decided`.

    Columns: record_id, key_hash.
#}
{% macro deletions_in_force(decisions, condition='1 = 1') -%}
{%- set deletions -%}
{{ last_decisions(
    decisions,
    ['record_id', 'key_hash', 'outcome', 'is_deletion'],
    "decided.is_deletion and decided.outcome = 'applied' and " ~ condition,
    'deletions',
) }}
{%- endset -%}
select
    deletions.record_id,
    deletions.key_hash
from {{ deletions }}
left join (
    -- joined with the few: where there are none, the engine does not even begin to read the others
    select displacing.other_record_id
    from {{ last_decisions(
        decisions, ['record_id', 'other_record_id', 'outcome'], alias='displacing'
    ) | indent(4) }}
    inner join {{ deletions | indent(4) }}
        on deletions.record_id = displacing.other_record_id
    where displacing.outcome = 'applied'
) as displaced
    on displaced.other_record_id = deletions.record_id
where displaced.other_record_id is null
{%- endmacro %}
