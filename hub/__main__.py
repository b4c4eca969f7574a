"""`python -m hub`: the command `hub`, for processes that start another of the same interpreter."""

from hub.main import program

program()
