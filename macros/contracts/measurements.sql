{#
    What a measurement must look like. Two plants that differ by a cent agree. One that turns out to
    be wrong is withdrawn.
#}
{% macro contract_measurements() %}
    {{ return({
        'version': '1.0.0',
        'key': 'id',
        'event_time': none,
        'freshness': 'timestamp',
        'prefer': 'newest',
        'deleted_when': {'column': 'category', 'values': ['withdrawn']},
        'columns': {
            'id': {'type': 'string', 'required': true, 'description': 'Key of the measurement.'},
            'value': {
                'type': 'number',
                'required': true,
                'reconcile': {'absolute': '0.01'},
                'description': 'What was measured.',
            },
            'category': {
                'type': 'string',
                'required': true,
                'normalize': ['trim', 'lower'],
                'reconcile': true,
                'description': 'What kind of value it is, in lower case.',
            },
            'timestamp': {
                'type': 'timestamp',
                'description': 'When it was measured (UTC); NULL where the source does not say.',
            },
        },
    }) }}
{% endmacro %}
