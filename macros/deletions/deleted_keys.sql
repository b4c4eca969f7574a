{#
    A query for the digests of the keys that a record, or a full delivery, takes out of the target
    in this run, of loads not finished yet or decided again. A deletion that another record has
    displaced since takes nothing out.

    entity: the entity's name.
#}
{% macro deleted_keys(entity) -%}
select key_hash
from (
    {{ deletions_in_force(
        ref(entity ~ '_decisions'),
        'decided.load_id in (select load_id from ' ~ ref('int_' ~ entity ~ '__checked') ~ ')',
    ) | indent(4) }}
) as deleted
{%- endmacro %}
