{#
    A query for the measures of an entity that every run counts as they stand, which costs little:
    rows of the target and of the reconciliation, and how many rows of the target were decided
    under older rules, or come from sources that are registered no more. Reads the CTE
    older_rule_sets.

    entity: the entity's name.

    Columns: source, measure, amount.
#}
{% macro present_state(entity) %}
{%- set projected = warehouse_relation('marts', entity) -%}
{%- set reconciliation = warehouse_relation('marts', entity ~ '_reconciliation') -%}
select
    older_rule_sets.source,
    case when older_rule_sets.is_registered then 'older_rules' else 'removed_source' end as measure,
    count(*) as amount
from older_rule_sets
{%- if projected is not none %}
-- joined, not compared with `not in`: without any, the engine does not even begin to read the target
inner join {{ projected }} as projected
    on projected.rule_set = older_rule_sets.rule_set
{%- else %}
where 1 = 0
{%- endif %}
group by
    older_rule_sets.source,
    older_rule_sets.is_registered
{%- if projected is not none %}
union all
select null, 'target_rows', count(*) from {{ projected }}
{%- endif %}
{%- if reconciliation is not none %}
union all
select null, concat_ws('', 'reconciliation ', status), count(*)
from {{ reconciliation }}
group by status
{%- endif %}
{% endmacro %}
