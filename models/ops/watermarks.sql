{{ compared_watermarks(
    last_decisions(ref('decisions'), ['entity', 'source', 'outcome', 'event_time'])
) }}
