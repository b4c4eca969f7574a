{{ decide_records('measurements') }}
