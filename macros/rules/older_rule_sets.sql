{#
    A query for the rule sets of an entity that are no more in force.

    Columns: rule_set, source, is_registered (whether its source still is).
#}
{% macro older_rule_sets(entity) -%}
select
    used.rule_set,
    used.source,
    used.source in ('{{ sources_of(entity) | join("', '") }}') as is_registered
from {{ source('ops', 'rule_sets') }} as used
left join ({{ current_rule_sets(entity) }}) as present
    on present.rule_set = used.rule_set
where used.entity = '{{ entity }}'
    and present.rule_set is null
{%- endmacro %}
