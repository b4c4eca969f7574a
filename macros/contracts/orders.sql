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
        'history': true,
        'columns': {
            'order_id': {'type': 'string', 'required': true, 'description': 'Key of the order.'},
            'status': {
                'type': 'json',
                'required': true,
                'reconcile': true,
                'description': 'Where the order stands.',
            },
            'updated_at': {
                'type': 'timestamp',
                'description':
                    'When the source says the order changed (UTC); NULL where it does not say.',
            },
        },
    }) }}
{% endmacro %}
