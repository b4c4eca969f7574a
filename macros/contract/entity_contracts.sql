{#
    The contracts of all entities by name. A new entity adds its line here: dbt loads only macros
    that are called by name, so no loop can find them.
#}
{% macro entity_contracts() %}
    {{ return({
        'events': contract_events(),
        'orders': contract_orders(),
        'clicks': contract_clicks(),
        'measurements': contract_measurements(),
    }) }}
{% endmacro %}
