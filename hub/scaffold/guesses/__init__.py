"""Guesses from sample records: types, names, keys, rules, and which field fills which column."""
