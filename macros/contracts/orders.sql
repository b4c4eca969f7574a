{#
    What an order must look like. Its sources give no reliable time, so orders are kept in
    the order of arrival and `updated_at` serves freshness only.
#}
{% macro contract_orders() %}
    {{ return({
        'version': '1.0.0',
        'key': 'order_id',
        'event_time': none,
        'freshness': 'updated_at',
        'prefer': 'newest',
        'columns': {
            'order_id': {'type': 'string', 'required': true},
            'status': {'type': 'json', 'required': true, 'reconcile': true},
            'updated_at': {'type': 'timestamp'},
        },
    }) }}
{% endmacro %}
