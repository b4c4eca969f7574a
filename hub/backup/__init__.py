"""Backups: writing one, checking one, and putting one back."""
