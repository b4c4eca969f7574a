"""Pulls the pages of HTTP APIs into the landing folder, where they land like any other file."""
