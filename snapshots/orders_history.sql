{% snapshot orders_history %}
{{ config(
    unique_key='key_hash',
    strategy='check',
    check_cols=['order_id', 'status', 'updated_at'],
) }}
{{ changed_since('orders') }}
{% endsnapshot %}
