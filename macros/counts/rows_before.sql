{#
    Statements that keep, for as long as it takes to project, the rows of a target that a projection
    replaces or takes out: count_changed_keys compares them with what there is afterwards. With them
    at hand, the rows go by their keys, so that the model's query is read no more often than without.

    entity:   the entity's name.
    target:   its target.
    replaced: a query for the keys that the projection brings.
    gone:     queries for the keys whose rows go although none may come instead.
    all_go:   a SQL condition: all rows go.
#}
{% macro rows_before(entity, target, replaced, gone, all_go) %}
{%- set columns = (['key_hash'] + contract(entity).columns.keys() | list) | join(', ') -%}
{%- if keeps_history(entity) -%}
    {#- with columns that the contract has no more, and those that say where the row came from -#}
    {%- set columns = adapter.get_columns_in_relation(target) | map(attribute='name') | join(', ') -%}
{%- endif -%}
create or replace temporary table {{ entity }}_before as
select {{ columns }}
from {{ rows_of_keys(target, 'key_hash', replaced) }} as kept;
{%- if all_go %}
insert into {{ entity }}_before
select {{ columns }}
from {{ target }}
where {{ all_go }}
    and key_hash not in (select key_hash from {{ entity }}_before);
{%- endif %}
{%- for keys in gone %}
insert into {{ entity }}_before
select {{ columns }}
from {{ rows_of_keys(target, 'key_hash', keys) }} as kept
where key_hash not in (select key_hash from {{ entity }}_before);
{%- endfor %}
{%- endmacro %}
