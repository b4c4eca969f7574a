"""The files of a new source or entity, as text, and how they come into the project."""
