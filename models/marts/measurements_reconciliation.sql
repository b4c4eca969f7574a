{{ reconcile_sources('measurements') }}
