"""Demonstrations: what the hub does with records, shown by sending it some."""
