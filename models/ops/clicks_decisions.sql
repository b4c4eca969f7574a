{{ decide_records('clicks') }}
