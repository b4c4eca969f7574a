{#
    The order of the records of a key, as a list of criteria; the first criterion that differs
    decides. Each is (column, which): the greater record has the least or the greatest value. All
    that compares records of a key is made from this list.

    contract: as contract() returns it.

    The column `preference` stands for the preference_rank of the record's source.
#}
{% macro key_order(contract) %}
    {% if contract.event_time %}
        {{ return([
            ('preference', 'least'), ('event_time', 'greatest'), ('content_hash', 'greatest'),
        ]) }}
    {% endif %}
    {{ return([('preference', 'least'), ('record_id', 'greatest')]) }}
{% endmacro %}
