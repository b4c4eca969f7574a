"""Reads of published snapshots, for all who serve them: over HTTP, and to programs that ask."""
