"""Proves with numbers that nothing is lost and nothing doubled: `python -m tests.torture`."""
