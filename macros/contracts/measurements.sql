{#  What a measurement must look like. Two plants that differ by a cent agree. #}
{% macro contract_measurements() %}
    {{ return({
        'version': '1.0.0',
        'key': 'id',
        'event_time': none,
        'freshness': 'timestamp',
        'prefer': 'newest',
        'columns': {
            'id': {'type': 'string', 'required': true},
            'value': {
                'type': 'number',
                'required': true,
                'reconcile': {'absolute': '0.01'},
            },
            'category': {
                'type': 'string',
                'required': true,
                'normalize': ['trim', 'lower'],
                'reconcile': true,
            },
            'timestamp': {'type': 'timestamp'},
        },
    }) }}
{% endmacro %}
