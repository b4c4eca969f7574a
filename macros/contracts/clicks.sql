{#  What a click must look like. #}
{% macro contract_clicks() %}
    {{ return({
        'version': '1.0.0',
        'key': 'event_id',
        'event_time': 'event_timestamp',
        'freshness': 'event_timestamp',
        'prefer': 'newest',
        'columns': {
            'event_id': {'type': 'string', 'required': true, 'description': 'Key of the click.'},
            'event_timestamp': {
                'type': 'timestamp',
                'required': true,
                'description': 'When it happened (UTC).',
            },
            'event_type': {
                'type': 'string',
                'required': true,
                'allowed': ['page_view', 'add_to_cart', 'purchase', 'search'],
                'description': 'page_view, add_to_cart, purchase or search.',
            },
            'user_id': {'type': 'string', 'required': true, 'description': 'Who clicked.'},
            'page_url': {
                'type': 'string',
                'description': 'On which page; NULL where there is none.',
            },
            'product_id': {
                'type': 'string',
                'description': 'On which product; NULL where there is none.',
            },
        },
    }) }}
{% endmacro %}
