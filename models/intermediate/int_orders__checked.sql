{{ check_records('orders') }}
