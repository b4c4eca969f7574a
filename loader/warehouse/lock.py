"""One hub command at a time works on a warehouse, from its first step to its last; and one pull."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loader.errors import HubError
from loader.warehouse.leftovers import remove_leftovers

# A pull saves its state in some hundredths of a second: no other command should fail for that.
_BRIEFLY_SECONDS = 2.0
# short, as a stream that has much to catch up on leaves the warehouse for a millisecond or two
_POLL_SECONDS = 0.005


class InUse(HubError):
    """Another process is at work. It will not be for ever."""


@contextmanager
def warehouse_lock(database: Path, patience: float = _BRIEFLY_SECONDS) -> Iterator[None]:
    """Keep other hub commands from the warehouse until the block is left, however that happens.

    DuckDB's own lock is given back whenever the file is closed, be it to open it anew after an
    error, and whoever came in there would take this run for a killed one.

    patience: seconds to wait for another command's end. Raises InUse after them.
    """
    with _locked(
        database,
        "lock",
        patience,
        "is at work on it",
        "One command works on it at a time: wait for it or end it.",
    ):
        remove_leftovers(database.parent, database.parent / "receipts")
        yield


@contextmanager
def pull_lock(database: Path) -> Iterator[None]:
    """Keep other pulls away until the block is left, and let all see that this one is alive: it
    leaves the warehouse to other commands. Raises InUse."""
    with _locked(
        database,
        "pull.lock",
        _BRIEFLY_SECONDS,
        "is pulling into it",
        "One pull goes on at a time: wait for it or end it.",
    ):
        yield


def is_pulling(database: Path) -> bool:
    """Whether a pull is under way, be it in this very process."""
    try:
        descriptor = os.open(_lock_file(database, "pull.lock"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # shared, so that two who look at once do not take each other for a pull
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(database: Path, ending: str, patience: float, does: str, remedy: str) -> Iterator[None]:
    """Hold the lock beside the database whose file has this ending.

    does: what the process does that has it, and remedy: what to do about it, for the error.
    """
    lock_file = _lock_file(database, ending)
    if not lock_file.parent.is_dir():
        raise HubError(
            f"database {database}",
            f"there is no folder {lock_file.parent}",
            "Create it or name another.",
        )
    deadline = time.monotonic() + patience
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not _lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace")
                raise InUse(f"database {database}", f"the process {holder} {does}", remedy)
            time.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(f"{os.getpid()} ({' '.join(sys.argv[:2])})"), 0)
        yield
    finally:
        # the lock goes with the descriptor; the file stays, so that all lock the same one
        os.close(descriptor)


def _lock_file(database: Path, ending: str) -> Path:
    # one for each file, whatever link leads to it
    file = database.resolve()
    return file.with_name(f".{file.name}.{ending}")


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
