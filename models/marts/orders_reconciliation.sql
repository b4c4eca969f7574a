{{ reconcile_sources('orders') }}
