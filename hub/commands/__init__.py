"""The commands as functions: each does its work and returns what the command line prints."""
