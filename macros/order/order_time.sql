{#
    The column of the event time that orders the records of a key; none where arrival alone does, as
    of an entity whose files are each the whole state.

    contract: as contract() returns it.
#}
{% macro order_time(contract) %}
    {{ return(none if is_delivered_in_full(contract.entity) else contract.event_time) }}
{% endmacro %}
