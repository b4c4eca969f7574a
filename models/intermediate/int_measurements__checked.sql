{{ check_records('measurements') }}
