{{ check_records('clicks') }}
