"""Objects in buckets: listed and fetched, by the library of the extra `objects`."""
