"""Keeps what landed in tables of Delta Lake, for an engine that reads them."""
