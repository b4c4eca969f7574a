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
from loader.warehouse.replacement import complete_replacement

# Seconds to wait unless a command says otherwise. A pull saves its state in some hundredths of a
# second: no other command should fail for that.
SHORT_WAIT = 2.0
WHAT_TO_DO = (
    "Several may read it at once, or one may write: wait for it (--wait SECONDS), or end it."
)
# short, as a stream that has much to catch up on leaves the warehouse for a millisecond or two
_POLL_SECONDS = 0.005


class InUse(HubError):
    """Another process keeps this one out. It will not for ever."""


@contextmanager
def warehouse_lock(database: Path, wait: float | None = None) -> Iterator[None]:
    """Keep other hub commands from writing to the warehouse until the block is left, however that
    happens.

    DuckDB's own lock is given back whenever the file is closed, be it to open it anew after an
    error, and whoever came in there would take this run for a killed one.

    wait: seconds to wait for the end of another command that writes, by default SHORT_WAIT. Raises
    InUse after them.
    """
    with lock_beside(database, "lock", wait, "is writing to it", WHAT_TO_DO):
        complete_replacement(database)
        remove_leftovers(database.parent, database.parent / "receipts")
        yield


@contextmanager
def pull_lock(database: Path, wait: float | None = None) -> Iterator[None]:
    """Keep other pulls away until the block is left, and let all see that this one is alive: it
    leaves the warehouse to other commands. Raises InUse; wait is as for warehouse_lock."""
    with lock_beside(
        database,
        "pull.lock",
        wait,
        "is pulling into it",
        "One pull goes on at a time: wait for it (--wait SECONDS), or end it.",
    ):
        yield


@contextmanager
def stream_lock(database: Path, wait: float | None = None) -> Iterator[None]:
    """Let all see, until the block is left, that a stream goes on with the offsets that it knows:
    it leaves the warehouse to other commands. Several streams may. Raises InUse where the warehouse
    is being replaced; wait is as for warehouse_lock."""
    with lock_beside(
        database, "stream.lock", wait, "is restoring it", "It will be done soon.", is_shared=True
    ):
        yield


@contextmanager
def no_stream_lock(database: Path, wait: float | None = None) -> Iterator[None]:
    """Keep streams away until the block is left. Raises InUse while one goes on; wait is as for
    warehouse_lock."""
    with lock_beside(
        database, "stream.lock", wait, "is streaming into it", "End it, and start it again then."
    ):
        yield


@contextmanager
def publish_lock(database: Path, wait: float) -> Iterator[None]:
    """Keep others from publishing until the block is left. Raises InUse after `wait` seconds."""
    with lock_beside(database, "publish.lock", wait, "is publishing it", "It will be done soon."):
        yield


def is_pulling(database: Path) -> bool:
    """Whether a pull is under way, be it in this very process."""
    return _is_locked(database, "pull.lock")


def is_being_written(database: Path) -> bool:
    """Whether a hub command that writes is at work on the warehouse."""
    return _is_locked(database, "lock")


def _is_locked(database: Path, ending: str) -> bool:
    try:
        descriptor = os.open(_lock_file(database, ending), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # shared, so that two who look at once do not take each other for a pull
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def command_of(process: int) -> str:
    """The command that a process runs, as its first two words: `hub run`. Empty where the system
    does not tell."""
    try:
        line = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return ""
    words = [os.fsdecode(word) for word in line.split(b"\0") if word]
    if len(words) > 1 and Path(words[0]).name.startswith("python") and words[1][0] != "-":
        words = words[1:]  # the script says more than what interprets it
    return _shown(words)


def _shown(words: list[str]) -> str:
    """The first two words of a command line; what follows them may be nobody's business."""
    return " ".join([*(Path(word).name for word in words[:1]), *words[1:2]])


@contextmanager
def lock_beside(
    database: Path,
    ending: str,
    wait: float | None,
    does: str,
    remedy: str,
    *,
    is_shared: bool = False,
) -> Iterator[None]:
    """Hold the lock beside the database whose file has this ending.

    does: what the process does that has it, and remedy: what to do about it, for the error.
    is_shared: whether others may hold it, too, who say so.
    wait is as for warehouse_lock; raises InUse after it.
    """
    lock_file = _lock_file(database, ending)
    if not lock_file.parent.is_dir():
        raise HubError(
            f"database {database}",
            f"there is no folder {lock_file.parent}",
            "Create it or name another.",
        )
    deadline = time.monotonic() + (SHORT_WAIT if wait is None else wait)
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not _lock(descriptor, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace")
                who = f"the process {holder}" if holder else "another process"
                raise InUse(f"database {database}", f"{who} {does}", remedy)
            time.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(f"{os.getpid()} ({_shown(sys.argv)})"), 0)
        try:
            yield
        finally:
            # whoever comes next must not be taken for this process
            os.ftruncate(descriptor, 0)
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
