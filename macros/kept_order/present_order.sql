{#
    The order that the contract and the settings ask for now, in the form of stored_order.

    entity: the entity's name.
#}
{% macro present_order(entity) %}
    {% set contract = contract(entity) %}
    {{ return({
        'key_column': contract.key,
        'event_time': contract.event_time,
        'prefer': contract.prefer if contract.prefer is string else contract.prefer | join(','),
        'delivery': 'full' if is_delivered_in_full(entity) else 'incremental',
        'sources': ordered_sources(entity),
    }) }}
{% endmacro %}
