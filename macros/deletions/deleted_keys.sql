{#
    A query for the digests of the keys that a record, or a full delivery, takes out of the target
    in this run, of loads not finished yet or decided again. A deletion that another record has
    displaced since takes nothing out.

    entity: the entity's name.
#}
{% macro deleted_keys(entity) -%}
{%- set decisions = ref(entity ~ '_decisions') -%}
select key_hash from {{ decisions }}
where is_deletion
    and outcome = 'applied'
    and load_id in (select load_id from {{ ref('int_' ~ entity ~ '__checked') }})
    and record_id in ({{ deletions_in_force(decisions) | indent(4) }})
{%- endmacro %}
