{#  What a click must look like. #}
{% macro contract_clicks() %}
    {{ return({
        'version': '1.0.0',
        'key': 'event_id',
        'event_time': 'event_timestamp',
        'freshness': 'event_timestamp',
        'prefer': 'newest',
        'columns': {
            'event_id': {'type': 'string', 'required': true},
            'event_timestamp': {'type': 'timestamp', 'required': true},
            'event_type': {
                'type': 'string',
                'required': true,
                'allowed': ['page_view', 'add_to_cart', 'purchase', 'search'],
            },
            'user_id': {'type': 'string', 'required': true},
            'page_url': {'type': 'string'},
            'product_id': {'type': 'string'},
        },
    }) }}
{% endmacro %}
