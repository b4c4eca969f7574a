"""Writes files of the project: what follows from the contracts, and is therefore never edited."""
