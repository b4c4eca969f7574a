{#
    A query for the digests of the keys that a record, or a full delivery, takes out of the target
    in this run, of loads not finished yet or decided again.

    entity: the entity's name.
#}
{% macro deleted_keys(entity) -%}
select key_hash from {{ ref(entity ~ '_decisions') }}
where is_deletion
    and outcome = 'applied'
    and load_id in (select load_id from {{ ref('int_' ~ entity ~ '__checked') }})
{%- endmacro %}
