"""The command line: a file for each command, and root.py, which lists them."""
