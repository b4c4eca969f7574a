{#
    The order of the records of a key, as a list of criteria; the first that differs decides. Each
    is (expression, which): the greater record has the least or the greatest value. All that
    compares records of a key is made from this list. No two records are equal by it.

    contract: as contract() returns it.
    relation: the relation of the record: it has source, event_time, arrived_as and record_id.

    A source corrects itself by sending again: with a later event time, or with the same, as the
    later arrival is the greater. Between sources arrival does not count where event times do, so
    that nothing depends on how their deliveries are interleaved.
#}
{% macro key_order(contract, relation) %}
    {% set order = [] %}
    {% if contract.prefer != 'newest' %}
        {% do order.append((rank_of_source(contract.prefer, relation), 'least')) %}
    {% endif %}
    {% if order_time(contract) %}
        {#- asked of the warehouse once for each contract that a macro works with -#}
        {% if 'ordered_sources' not in contract %}
            {% do contract.update({'ordered_sources': ordered_sources(contract.entity)}) %}
        {% endif %}
        {% do order.append((relation ~ '.event_time', 'greatest')) %}
        {% do order.append((rank_of_source(contract.ordered_sources, relation), 'least')) %}
    {% endif %}
    {% do order.append(
        ('coalesce(' ~ relation ~ '.arrived_as, ' ~ relation ~ '.record_id)', 'greatest')
    ) %}
    {#- of a record and its twin, which was decided under other rules -#}
    {% do order.append((relation ~ '.record_id', 'greatest')) %}
    {{ return(order) }}
{% endmacro %}
