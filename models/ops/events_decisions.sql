{{ decide_records('events') }}
