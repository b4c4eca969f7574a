"""Lands one file: every record verbatim into raw.<source>, and a row in the ledger.

Rows and ledger row are committed in one transaction, after an independent count of the records
agrees with the rows. A file that fails is an outcome, not an error: the others go on.
"""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import duckdb

from loader import progress
from loader.config.environment import read_environment
from loader.config.sources import Source
from loader.errors import ran_out_of_memory
from loader.landing.digest import digest_of
from loader.landing.fields import note_fields
from loader.landing.insert import insert_records
from loader.landing.names import name_of
from loader.landing.walk import open_below
from loader.readers import UnreadableFile, detected_encoding, format_of, read_records
from loader.readers.formats import FileFormat
from loader.verification.verify import verify_load
from loader.warehouse.ledger import (
    Load,
    add_load,
    known_load,
    landed_since,
    load_of_untouched,
    next_load_id,
    note_file_state,
    replace_outcome,
    settings_text,
    turned_away_load,
)
from loader.warehouse.memory import LANDING_BYTES, memory_cap
from loader.warehouse.store import IN_WAREHOUSE, LandedMeanwhile, Store
from loader.warehouse.transactions import transaction

# The kernel's clock for files moves on every few milliseconds.
_CLOCK_TICK_NS = 100_000_000
# Of a load until it is added to the ledger.
_UNNUMBERED = 0
# Transient: these say nothing of the file itself, so the next run tries it again.
_TRANSIENT = ("read_error", "out_of_memory")


@dataclass(frozen=True)
class FileOutcome:
    """What became of one thing in the landing folder or in a bucket.

    status: landed, known (this content landed before), held, quarantined or refused; of a whole
            bucket, failed.
    rows:   records landed now.
    """

    source: str
    file: str
    status: str
    rows: int = 0
    load_id: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Look:
    """What tells of a file without reading it.

    size:        in bytes.
    modified_at: its own time of change (UTC).
    state:       what changes whenever its bytes do, so that files that landed need not be read
                 again; None where nothing does for certain.
    is_costly:   whether to read it takes more than the disk, so that what it is known by is kept.
    """

    size: int
    modified_at: datetime | None
    state: str | None
    is_costly: bool = False


def land_file(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    path: Path,
    run_id: str | None,
    folder: Path | None = None,
    store: Store = IN_WAREHOUSE,
) -> FileOutcome:
    """Land the file at `path`, if it is one and its content is new to the source.

    folder: of the source, where the file lies below it.
    store:  where its records are kept.
    """
    folder = folder or path.parent
    name = name_of(source.name, path, folder)
    try:
        descriptor = open_below(folder, path)
    except OSError as error:
        is_link = error.errno in (errno.ELOOP, errno.ENOTDIR)
        reason = "a symbolic link" if is_link else error.strerror or "cannot be opened"
        return FileOutcome(source.name, name, "refused", reason=reason)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return FileOutcome(source.name, name, "refused", reason="not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        look = Look(status.st_size, _moment(status.st_mtime), _state_of(status))
        untouched = load_of_untouched(connection, source.name, name, look.state)
        if untouched is not None:
            return FileOutcome(source.name, name, "known", load_id=untouched)
        return land_content(connection, source, name, file, look, run_id, store)


def land_content(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    name: str,
    file: BinaryIO,
    look: Look,
    run_id: str | None,
    store: Store = IN_WAREHOUSE,
) -> FileOutcome:
    """Land an open file under its name in the ledger, if its content is new to the source."""
    return _FileLanding(connection, source, name, file, look, run_id, store).land()


@dataclass
class _FileLanding:
    """The landing of one open file."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    name: str
    file: BinaryIO
    look: Look
    run_id: str | None
    store: Store

    def land(self) -> FileOutcome:
        before = os.fstat(self.file.fileno())
        try:
            sha256 = digest_of(self.file, self.name, self.source.format.declared())
        except OSError as error:
            unread = f"cannot be read: {error.strerror}"
            return FileOutcome(self.source.name, self.name, "refused", reason=unread)
        found = Load(
            load_id=_UNNUMBERED,
            source=self.source.name,
            file=self.name,
            sha256=sha256,
            size=self.look.size,
            rows=0,
            status="landed",
            run_id=self.run_id,
            modified_at=self.look.modified_at,
            settings=settings_text(self.source),
            file_state=self.look.state,
        )
        if known := known_load(self.connection, self.source, self.name, sha256):
            self._note_known(found, known)
            return FileOutcome(self.source.name, self.name, "known", load_id=known.load_id)
        if away := turned_away_load(self.connection, self.source.name, sha256):
            # name and settings decide the format, so a change of either may have fixed it
            is_same = (away.settings, away.file) == (found.settings, found.file)
            if away.status == "quarantined" and is_same:
                return FileOutcome(self.source.name, self.name, "quarantined", reason=away.reason)
        try:
            load = self._taken_in(found, before)
        except LandedMeanwhile as other:
            return FileOutcome(self.source.name, self.name, "known", load_id=other.load.load_id)
        except UnreadableFile as error:
            # a file that is being written is tried again by the next run, too
            is_transient = error.reason in _TRANSIENT or self._has_changed_since(before)
            load = replace(
                found,
                load_id=away.load_id if away else self.store.next_load_id(self.connection),
                status="held" if is_transient else "quarantined",
                reason=f"{error.reason}: {error}",
            )
            with transaction(self.connection):
                replace_outcome(self.connection, load)
        return FileOutcome(
            self.source.name, self.name, load.status, load.rows, load.load_id, load.reason
        )

    def _note_known(self, found: Load, known: Load) -> None:
        """Keep by what the file is known, where that could be forgotten."""
        if known.file == self.name:
            # touched or written anew: else it would be read at every run from now on
            if found.file_state is not None:
                note_file_state(self.connection, known.load_id, found.file_state)
        elif self.source.delivery == "full" or self.look.is_costly:
            # a copy of the newest file must not become a delivery when a newer one has landed, and
            # one that was fetched is not to be fetched again
            reason = f"its content is that of load {known.load_id}"
            load_id = self.store.next_load_id(self.connection)
            copy = replace(found, load_id=load_id, status="known", reason=reason)
            add_load(self.connection, copy)

    def _taken_in(self, found: Load, before: os.stat_result) -> Load:
        """Take the file in under the memory cap, or without it where records are too long for that:
        DuckDB reads 2,048 records at a time. Raises UnreadableFile."""
        first = next_load_id(self.connection)
        try:
            with memory_cap(self.connection, LANDING_BYTES):
                return self._take_in(found, before)
        except duckdb.Error as error:
            if not ran_out_of_memory(error):
                raise
        # memory may have run out when all was committed
        load = landed_since(self.connection, found.source, found.sha256, first)
        if load:
            return load
        try:
            return self._take_in(found, before)
        except duckdb.Error as error:
            if not ran_out_of_memory(error):
                raise
            raise UnreadableFile(
                "out_of_memory",
                "DuckDB may not take the memory that its records need: free some, or raise "
                "memory_limit (HUB_MEMORY_LIMIT)",
            ) from error

    def _take_in(self, found: Load, before: os.stat_result) -> Load:
        """Commit the rows with their row of the ledger, or, raising UnreadableFile, nothing."""
        with _one_thread(self.connection), transaction(self.connection):
            load_id = next_load_id(self.connection)
            file_format = format_of(self.name, **self.source.format.declared())
            encoding = detected_encoding(self._from_start(), file_format)
            blocks = self._insert_records(load_id, file_format)
            progress.show(f"verifying {self.name}")
            verify_load(
                self.connection,
                f"raw.{self.source.name}",
                load_id,
                blocks,
                self._from_start(),
                file_format,
            )
            if self._has_changed_since(before):
                raise UnreadableFile("changing", "the file changed while it was read")
            note_fields(
                self.connection,
                self.source.name,
                load_id,
                blocks,
                alike=file_format.kind == "csv",
            )
            load = replace(found, load_id=load_id, rows=sum(blocks), encoding=encoding)
            load = self.store.keep(self.connection, load, blocks)
            replace_outcome(self.connection, load)
        return load

    def _has_changed_since(self, before: os.stat_result) -> bool:
        now = os.fstat(self.file.fileno())
        return (before.st_size, before.st_mtime_ns, before.st_ctime_ns) != (
            now.st_size,
            now.st_mtime_ns,
            now.st_ctime_ns,
        )

    def _from_start(self) -> BinaryIO:
        self.file.seek(0)
        return self.file

    def _insert_records(self, load_id: int, file_format: FileFormat) -> list[int]:
        """Insert all records; returns how many at a time."""
        blocks: list[int] = []
        memory = read_environment().memory_limit
        # a Parquet file is copied before its first row is read
        size = 0 if file_format.kind == "parquet" else os.fstat(self.file.fileno()).st_size
        meter = progress.Meter(f"landing {self.name}", size)
        for batch in read_records(self._from_start(), file_format, memory):
            rows = insert_records(self.connection, self.source.name, load_id, sum(blocks), batch)
            meter.advance(rows, self.file.tell())
            # blank lines hold no record
            if rows:
                blocks.append(rows)
        return blocks


@contextmanager
def _one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB work with one thread until the block is left: blocks of rows are too small to be
    worth sharing out, which costs CPU and saves no time."""
    ((threads,),) = connection.execute("select current_setting('threads')").fetchall()
    connection.execute("set threads = 1")
    try:
        yield
    finally:
        connection.execute(f"set threads = {threads}")


def _state_of(status: os.stat_result) -> str | None:
    """What changes whenever a file's bytes do; None where the last change is so recent that another
    could bear the same time.

    The time of modification can be set back by anyone; that of the change of status cannot.
    """
    if time.time_ns() - status.st_ctime_ns < _CLOCK_TICK_NS:
        return None
    identity = (status.st_dev, status.st_ino, status.st_size)
    return ":".join(map(str, (*identity, status.st_mtime_ns, status.st_ctime_ns)))


def _moment(seconds: float) -> datetime | None:
    """A moment in UTC; None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return None
