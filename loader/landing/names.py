"""Names from the system, of files and on the command line, as text."""

import os


def written_out(name: str) -> str:
    """The name with the bytes in it that are no text written out, as \\xff."""
    return os.fsencode(name).decode(errors="backslashreplace")
