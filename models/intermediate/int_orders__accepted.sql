{{ latest_accepted('orders') }}
