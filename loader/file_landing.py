"""Lands one file: every record verbatim into raw.<source>, and a row in the ledger.

Rows and ledger row are committed in one transaction, after an independent count of the records
agrees with the rows. A file that fails is an outcome, not an error: the others go on.
"""

import contextlib
import errno
import hashlib
import json
import os
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import duckdb

from loader.accounting import account
from loader.ledger import Load, add_load, next_load_id
from loader.raw_rows import insert_records, note_fields
from loader.readers import UnreadableFile, detected_encoding, format_of, read_records
from loader.readers.formats import FileFormat
from loader.sources import Source

# The kernel's clock for files moves on every few milliseconds.
_CLOCK_TICK_NS = 100_000_000


@dataclass(frozen=True)
class FileOutcome:
    """What became of one thing in the landing folder.

    status: landed, known (these bytes landed before), held, quarantined or refused.
    rows:   records landed now.
    """

    source: str
    file: str
    status: str
    rows: int = 0
    load_id: int | None = None
    reason: str | None = None


def land_file(
    connection: duckdb.DuckDBPyConnection, source: Source, path: Path, run_id: str | None
) -> FileOutcome:
    """Land the file at `path`, if it is one and its bytes are new to the source."""
    name = f"{source.name}/{written_out(path.name)}"
    try:
        # O_NOFOLLOW: a link could lead out of the folder; O_NONBLOCK: a pipe would wait forever
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        reason = "a symbolic link" if is_link else error.strerror or "cannot be opened"
        return FileOutcome(source.name, name, "refused", reason=reason)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return FileOutcome(source.name, name, "refused", reason="not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        return _FileLanding(connection, source, name, file, run_id).land()


@dataclass
class _FileLanding:
    """The landing of one open file."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    name: str
    file: BinaryIO
    run_id: str | None

    def land(self) -> FileOutcome:
        before = os.fstat(self.file.fileno())
        state = _state_of(before)
        untouched = self.connection.execute(
            "select load_id from raw.loads "
            "where source = ? and file = ? and file_state = ? and status = 'landed'",
            [self.source.name, self.name, state],
        ).fetchone()
        if untouched:
            return FileOutcome(self.source.name, self.name, "known", load_id=untouched[0])
        try:
            sha256 = digest_of(self.file)
        except OSError as error:
            unread = f"cannot be read: {error.strerror}"
            return FileOutcome(self.source.name, self.name, "refused", reason=unread)
        settings = json.dumps(self.source.format, sort_keys=True)
        known = self.connection.execute(
            "select load_id, status, reason, settings, file from raw.loads "
            "where source = ? and sha256 = ?",
            [self.source.name, sha256],
        ).fetchone()
        if known and known[1] == "landed":
            return FileOutcome(self.source.name, self.name, "known", load_id=known[0])
        # the name and the settings decide the format, so either may have mended it
        if known and known[1] == "quarantined" and known[3:] == (settings, self.name):
            return FileOutcome(self.source.name, self.name, "quarantined", reason=known[2])

        encoding, rows, status, reason = None, 0, "landed", None
        self.connection.execute("begin")
        try:
            load_id = next_load_id(self.connection)
            file_format = format_of(self.name, **self.source.format)
            encoding = detected_encoding(self._from_start(), file_format)
            blocks = self._insert_records(load_id, file_format)
            rows = sum(blocks)
            account(
                self.connection,
                f"raw.{self.source.name}",
                load_id,
                blocks,
                self._from_start(),
                file_format,
            )
            if self._has_changed_since(before):
                raise UnreadableFile("changing", "the file changed while it was read")
            note_fields(self.connection, self.source.name, load_id)
        except UnreadableFile as error:
            self.connection.execute("rollback")
            self.connection.execute("begin")
            # what was read of a file that is being written, or what a disk could not read, says
            # nothing of the file: the next run tries again
            is_passing = error.reason == "read_error" or self._has_changed_since(before)
            rows, status = 0, "held" if is_passing else "quarantined"
            reason = f"{error.reason}: {error}"
            load_id = known[0] if known else next_load_id(self.connection)
        except BaseException:
            # where DuckDB has given the database up, there is nothing to roll back
            with contextlib.suppress(duckdb.Error):
                self.connection.execute("rollback")
            raise
        # a former verdict on these bytes, or on an earlier state of a file that was held
        self.connection.execute(
            "delete from raw.loads where source = ? and status <> 'landed' "
            "and (sha256 = ? or (file = ? and status = 'held'))",
            [self.source.name, sha256, self.name],
        )
        add_load(
            self.connection,
            Load(
                load_id=load_id,
                source=self.source.name,
                file=self.name,
                sha256=sha256,
                size=before.st_size,
                encoding=encoding,
                rows=rows,
                modified_at=_moment(before.st_mtime),
                status=status,
                reason=reason,
                settings=settings,
                run_id=self.run_id,
                file_state=state,
            ),
        )
        self.connection.execute("commit")
        return FileOutcome(self.source.name, self.name, status, rows, load_id, reason)

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
        for batch in read_records(self._from_start(), file_format):
            insert_records(self.connection, self.source.name, load_id, sum(blocks), batch)
            blocks.append(len(batch.records))
        return blocks


def written_out(name: str) -> str:
    """A file's name as text: bytes in it that are none are written out, as \\xff."""
    return os.fsencode(name).decode(errors="backslashreplace")


def _state_of(status: os.stat_result) -> str | None:
    """What changes whenever a file's bytes do, so that files that landed need not be read again;
    None where the last change is so recent that another could bear the same time.

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


def digest_of(file: BinaryIO) -> str:
    """The sha256 digest of what is left of a file, as hexadecimal text."""
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
