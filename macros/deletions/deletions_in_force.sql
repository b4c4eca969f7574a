{#
    A query for the deletions that are what their key holds, by record_id.

    decisions: the relation of the decisions.
#}
{% macro deletions_in_force(decisions) -%}
{%- set columns = ['record_id', 'other_record_id', 'outcome', 'is_deletion'] -%}
select deletions.record_id
from {{ last_decisions(decisions, columns, alias='deletions') }}
left join (
    select other_record_id
    from {{ last_decisions(decisions, columns) | indent(4) }}
    where outcome = 'applied'
        and other_record_id in (select record_id from {{ decisions }} where is_deletion)
) as displacing
    on displacing.other_record_id = deletions.record_id
where deletions.is_deletion
    and deletions.outcome = 'applied'
    and displacing.other_record_id is null
{%- endmacro %}
