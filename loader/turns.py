"""One hub command at a time, also while it leaves the warehouse to dbt."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loader.errors import HubError
from loader.leftovers import remove_leftovers


@contextmanager
def taking_turns(database: Path) -> Iterator[None]:
    """Keep other hub commands from the warehouse until the block is left, however that happens.

    DuckDB's own lock is given back whenever the file is closed, as between landing and build, and
    whoever came in there would take this run for a killed one. Raises HubError.
    """
    if not database.parent.is_dir():
        raise HubError(
            f"database {database}",
            f"there is no folder {database.parent}",
            "Create it or name another.",
        )
    descriptor = os.open(
        database.with_name(f".{database.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644
    )
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace")
            raise HubError(
                f"database {database}",
                f"the process {holder} is at work on it",
                "One command works on it at a time: wait for it or end it.",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(f"{os.getpid()} ({' '.join(sys.argv[:2])})"), 0)
        remove_leftovers(database.parent, database.parent / "receipts")
        yield
    finally:
        # the lock goes with the descriptor; the file stays, so that all lock the same one
        os.close(descriptor)
