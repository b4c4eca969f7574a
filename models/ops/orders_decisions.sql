{{ decide_records('orders') }}
