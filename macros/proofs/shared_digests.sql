{#
    A query for the records that were taken for another of their key only because two keys have the
    same digest. It reads the texts of all keys.

    entity: the entity's name.
#}
{% macro shared_digests(entity) %}
{%- set decisions = ref(entity ~ '_decisions') -%}
select
    taken.record_key,
    other.record_id as expected_record_id,
    taken.record_id as found_record_id,
    2 as rows_of_key
from {{ decisions }} as taken
inner join {{ decisions }} as other
    on other.record_id = taken.other_record_id
    and other.key_hash = taken.key_hash
where {{ is_accepted('taken.outcome') }}
    and other.record_key <> taken.record_key
{% endmacro %}
