"""Proves, before a load is committed, that raw holds all that its file says."""
