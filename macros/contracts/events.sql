{#  What an event must look like. See contract() for the words that may stand here. #}
{% macro contract_events() %}
    {{ return({
        'version': '1.0.0',
        'key': 'key',
        'event_time': 'ts',
        'freshness': 'ts',
        'prefer': 'newest',
        'history': true,
        'columns': {
            'key': {'type': 'string', 'required': true, 'description': 'Key of the event.'},
            'name': {'type': 'string', 'required': true, 'description': 'What happened.'},
            'value': {'type': 'number', 'required': true, 'description': 'How much, or how many.'},
            'ts': {'type': 'timestamp', 'required': true, 'description': 'When it happened (UTC).'},
        },
    }) }}
{% endmacro %}
