"""CSV text to records."""
