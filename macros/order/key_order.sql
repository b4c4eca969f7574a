{#
    The order of the records of a key: a list of criteria, the first that differs decides. Each is
    (column, which): the greater of two records is the one with the least or the greatest value.
    All that compares records of a key is made from this list.

    contract: as contract() returns it.

    The column `preference` is preference_rank of the record's source.
#}
{% macro key_order(contract) %}
    {% if contract.event_time %}
        {{ return([
            ('preference', 'least'), ('event_time', 'greatest'), ('content_hash', 'greatest'),
        ]) }}
    {% endif %}
    {{ return([('preference', 'least'), ('record_id', 'greatest')]) }}
{% endmacro %}
