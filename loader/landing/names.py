"""Names from the system, of files and on the command line, as text."""

import os
from pathlib import Path


def written_out(name: str) -> str:
    """The name with the bytes in it that are no text written out, as \\xff."""
    return os.fsencode(name).decode(errors="backslashreplace")


def name_of(source: str, path: Path, folder: Path) -> str:
    """The name of a file in the ledger.   folder: of the source, in which or below which it is."""
    return f"{source}/{written_out(path.relative_to(folder).as_posix())}"


def name_of_folder(source: str, path: Path, folder: Path) -> str:
    """The name of the folder of a source, or of one below it, in messages."""
    return f"{source}/" if path == folder else f"{name_of(source, path, folder)}/"
