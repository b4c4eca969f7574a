{% snapshot events_history %}
{{ config(
    unique_key='key_hash',
    strategy='check',
    check_cols=['key', 'name', 'value', 'ts'],
) }}
{{ changed_since('events') }}
{% endsnapshot %}
