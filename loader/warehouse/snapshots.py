"""Publishes the warehouse beside itself, for readers: they never wait for a build, nor it for them.

`published/current.duckdb` leads to the newest snapshot, hub-<number>.duckdb; the one before is kept
and brought up to date for the next. A snapshot is never changed under its name: a reader keeps what
it opened until it opens again.
"""

import fcntl
import json
import logging
import os
import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loader.errors import HubError
from loader.warehouse.database_file import (
    Disturbed,
    FileState,
    at_rest,
    bring_up_to_date,
    is_open_here,
)
from loader.warehouse.leftovers import aside_of, remove_leftovers
from loader.warehouse.lock import InUse, publish_lock
from loader.warehouse.whole import what_is_half

log = logging.getLogger(__name__)

_SNAPSHOT = re.compile(r"hub-(\d{12,})\.duckdb")
# A publication that finds the warehouse changed gives up within some milliseconds.
_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Publication:
    """A published snapshot.

    number: milliseconds since 1970, or one more than the snapshot before where the clock has not
        gone on.
    written: bytes that were written for it; size: those that it has.
    """

    path: Path
    number: int
    written: int
    size: int


@dataclass
class _Note:
    """What the last publication left in published/state.json.

    database: the file's name.       state: that of the file when it was published.
    snapshots: file name -> state of each snapshot, as it was left.
    boot:     of the system: after a crash of the machine, no file need be what it was.
    half:     why the newest state is not published; None where it is.
    """

    database: str
    number: int = 0
    state: FileState | None = None
    snapshots: dict[str, FileState] = field(default_factory=dict)
    boot: str = ""
    half: str | None = None


def published_folder(database: Path) -> Path:
    """Where the snapshots of a database stand."""
    return database.resolve().parent / "published"


def newest_snapshot(database: Path) -> Path | None:
    """The file of the newest snapshot, or None where there is none.

    Open this rather than the link: DuckDB takes the same path, opened twice in a process, for the
    same database.
    """
    current = published_folder(database) / "current.duckdb"
    return current.resolve() if current.exists() else None


def why_unpublished(database: Path) -> str | None:
    """Why the newest state of the warehouse is not published, if that is so on purpose."""
    return _read_note(published_folder(database), database.resolve().name).half


def publish(database: Path, *, is_whole: bool = False) -> Publication | None:
    """Publish the database as it stands on the disk; None where nothing has changed since the last
    publication, or it holds half a run (see why_unpublished).

    is_whole: whether the caller knows that it holds no half of a run; otherwise that is looked for.
    Raises InUse where another process has it open or changes it meanwhile, HubError where the
    folder is that of another database, OSError where it cannot be written, and duckdb.Error where
    the file is no warehouse. Whatever stops it, the last snapshot stays, and the next publication
    is right.
    """
    database = database.resolve()
    folder = published_folder(database)
    folder.mkdir(exist_ok=True)
    try:
        with publish_lock(database, _LOCK_SECONDS):
            note = _read_note(folder, database.name)
            if note.database != database.name and (database.parent / note.database).exists():
                raise HubError(
                    f"database {database}",
                    f"{folder} has the snapshots of {note.database}",
                    "Move one of the two databases into a folder of its own.",
                )
            with at_rest(database) as (source, state):
                if state == note.state and (note.half or newest_snapshot(database)):
                    return None
                return _publish(_Publishing(database, folder, note), source, state, is_whole)
    except Disturbed as error:
        raise InUse(
            f"database {database}",
            "another process has it open, or has left a log beside it",
            "It is published when that one has closed it; `hub run` takes up what a log holds.",
        ) from error


def publish_alone(database: Path) -> None:
    """Publish the database in a new file, and remove all that was published before: no file that
    is there afterwards has a block of an earlier state. Who reads an old one keeps it until it is
    opened again.

    Raises as publish does.
    """
    folder = published_folder(database)
    _remove_snapshots(folder, but=newest_snapshot(database))
    publish(database, is_whole=True)
    _remove_snapshots(folder, but=newest_snapshot(database))


def remove_snapshots(database: Path) -> None:
    """Remove all that was ever published of a database."""
    folder = published_folder(database)
    (folder / "current.duckdb").unlink(missing_ok=True)
    _remove_snapshots(folder, but=None)


def _remove_snapshots(folder: Path, but: Path | None) -> None:
    if folder.is_dir():
        remove_leftovers(folder)
        for path in [_withheld(folder), *_snapshots(folder)]:
            if path != but:
                path.unlink(missing_ok=True)


def _withheld(folder: Path) -> Path:
    return folder / ".withheld.duckdb"


@dataclass
class _Publishing:
    database: Path
    folder: Path
    note: _Note

    @property
    def withheld(self) -> Path:
        """Where a copy stands that holds half a run: the next one is made from it."""
        return _withheld(self.folder)

    def save(self, note: _Note) -> None:
        aside = aside_of(self.folder / "state.json")
        aside.write_text(json.dumps(asdict(note), indent=1))
        aside.rename(self.folder / "state.json")


def _publish(
    publishing: _Publishing, source: int, state: FileState, is_whole: bool
) -> Publication | None:
    folder, note = publishing.folder, publishing.note
    remove_leftovers(folder)
    live = newest_snapshot(publishing.database)
    # never one that was used before, even in a folder that somebody emptied: DuckDB would show a
    # process that still has the old file open the old rows under the same name
    number = max(time.time_ns() // 1_000_000, 1 + max([note.number, *_numbers(folder)]))
    copy = aside_of(folder / "next")
    kept = {live.name: note.snapshots[live.name]} if live and live.name in note.snapshots else {}
    try:
        target = _base(publishing, live, copy)
        try:
            written = bring_up_to_date(publishing.database, source, state, target)
            copied = FileState.of(target)
        finally:
            os.close(target)
        if half := None if is_whole else what_is_half(copy):
            log.warning("not published: %s", half)
            copy.rename(publishing.withheld)
            kept[publishing.withheld.name] = copied
            publishing.save(_Note(note.database, note.number, state, kept, _boot(), half))
            return None
        copy.chmod(0o444)
        final = folder / f"hub-{number}.duckdb"
        copy.rename(final)
    finally:
        copy.unlink(missing_ok=True)
    kept[final.name] = copied
    link = aside_of(folder / "current.duckdb")
    link.unlink(missing_ok=True)
    link.symlink_to(final.name)
    link.rename(folder / "current.duckdb")
    publishing.save(_Note(note.database, number, state, kept, _boot()))
    for other in _snapshots(folder):
        if other != final and other != live:
            other.unlink()
    return Publication(final, number, written, state.size)


def _base(publishing: _Publishing, live: Path | None, copy: Path) -> int:
    """Open the file that becomes the snapshot: an old one that is what it was when it was left, and
    that nobody reads, or a new one. Other old ones are removed; who reads them keeps them."""
    known = publishing.note.snapshots if publishing.note.boot == _boot() else {}
    for old in [publishing.withheld, *_snapshots(publishing.folder)]:
        if (live and old.name == live.name) or not old.exists():
            continue
        # the lock of a reader in this process would not be seen, and be lost
        if old.name not in known or is_open_here(old):
            old.unlink()
            continue
        old.rename(copy)
        copy.chmod(0o644)
        descriptor = os.open(copy, os.O_RDWR)
        if _lock_alone(descriptor) and FileState.of(descriptor) == known[old.name]:
            return descriptor
        os.close(descriptor)
        copy.unlink()
    return os.open(copy, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)


def _lock_alone(descriptor: int) -> bool:
    """Whether no other process reads the file; none can begin to while it stands aside."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _snapshots(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _SNAPSHOT.fullmatch(path.name))


def _numbers(folder: Path) -> list[int]:
    return [int(path.stem.removeprefix("hub-")) for path in _snapshots(folder)]


def _read_note(folder: Path, database: str) -> _Note:
    """What the last publication left; where it left nothing, or nothing that can be read, that is
    an empty note for this database."""
    try:
        read: dict[str, Any] = json.loads((folder / "state.json").read_text())
        state = read.pop("state")
        snapshots = read.pop("snapshots")
        return _Note(
            **read,
            state=FileState(**state) if state else None,
            snapshots={name: FileState(**each) for name, each in snapshots.items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return _Note(database)


def _boot() -> str:
    """What tells one run of the system from the next. Nothing is forced to the disk here: after a
    crash of the machine, files made before it are no base for others."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return str(round(time.time() - time.monotonic(), -1))
