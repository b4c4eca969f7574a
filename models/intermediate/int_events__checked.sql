{{ check_records('events') }}
