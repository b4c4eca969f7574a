"""Sample files, read as they would land: their format, their records, the fields of these."""
