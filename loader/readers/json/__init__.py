"""JSON and NDJSON text to records."""
