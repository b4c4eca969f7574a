{#  What an event must look like. See contract() for the words that may stand here. #}
{% macro contract_events() %}
    {{ return({
        'version': '1.0.0',
        'key': 'key',
        'event_time': 'ts',
        'freshness': 'ts',
        'prefer': 'newest',
        'columns': {
            'key': {'type': 'string', 'required': true},
            'name': {'type': 'string', 'required': true},
            'value': {'type': 'number', 'required': true},
            'ts': {'type': 'timestamp', 'required': true},
        },
    }) }}
{% endmacro %}
