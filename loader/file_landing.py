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
from loader.readers import UnreadableFile, detected_encoding, format_of, read_records
from loader.readers.formats import FileFormat
from loader.sources import Source

# Up to so many fields, all are looked up at once in each record.
_MOST_POINTERS = 100

# Structured text is checked here; a line that is no object could not be adapted either.
_INSERT = """
insert into raw.{source}
select
    ?,
    ? + number,
    record,
    case
        when problem is not null then problem
        when not json_valid(record) then 'malformed_json'
        when ltrim(record, ' \t\r\n') not like '{{%' then 'not_an_object'
    end,
    position
from ({records})
"""
_RECORDS = """
    select
        unnest(records) as record,
        unnest(problems) as problem,
        unnest(positions) as position,
        generate_subscripts(records, 1) as number
    from (select ?::varchar[] as records, ?::varchar[] as problems, ?::varchar[] as positions)
"""
# One long text is handed over faster than a list of short ones.
_LINES = """
    select
        unnest(lines) as record,
        null as problem,
        null as position,
        generate_subscripts(lines, 1) as number
    from (select string_split(?, chr(10)) as lines)
"""


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
            load_id = self._next_load_id()
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
            self._note_fields(load_id)
        except UnreadableFile as error:
            self.connection.execute("rollback")
            self.connection.execute("begin")
            # what was read of a file that is being written, or what a disk could not read, says
            # nothing of the file: the next run tries again
            is_passing = error.reason == "read_error" or self._has_changed_since(before)
            rows, status = 0, "held" if is_passing else "quarantined"
            reason = f"{error.reason}: {error}"
            load_id = known[0] if known else self._next_load_id()
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
        self.connection.execute(
            "insert into raw.loads (load_id, source, file, sha256, size, encoding, rows, "
            "modified_at, landed_at, status, reason, settings, run_id, file_state) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                load_id,
                self.source.name,
                self.name,
                sha256,
                before.st_size,
                encoding,
                rows,
                _moment(before.st_mtime),
                datetime.now(UTC).replace(tzinfo=None),
                status,
                reason,
                settings,
                self.run_id,
                state,
            ],
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

    def _next_load_id(self) -> int:
        # a number is never given twice, not even when a row of the ledger was deleted
        rows = self.connection.execute(
            "select coalesce(max(load_id), 0) + 1 from ("
            "select load_id from raw.loads union all select load_id from ops.loads_finished)"
        ).fetchall()
        return int(rows[0][0])

    def _insert_records(self, load_id: int, file_format: FileFormat) -> list[int]:
        """Insert all records; returns how many at a time."""
        blocks: list[int] = []
        for batch in read_records(self._from_start(), file_format):
            values: list[object] = [load_id, sum(blocks)]
            lines = "\n".join(batch.records)
            if batch.is_sound and lines.count("\n") == len(batch.records) - 1:
                records = _LINES
                values += [lines]
            else:
                records = _RECORDS
                values += [batch.records, batch.problems, batch.positions]
            self.connection.execute(
                _INSERT.format(source=self.source.name, records=records), values
            )
            blocks.append(len(batch.records))
        return blocks

    def _note_fields(self, load_id: int) -> None:
        """Keep which fields the records of the load have, and of which types."""
        table = f"raw.{self.source.name}"
        readable = "load_id = ? and problem is null"
        names = [
            name
            for (name,) in self.connection.execute(
                f"select distinct unnest(names) from (select json_keys(record) as names "
                f"from {table} where {readable} group by 1)",
                [load_id],
            ).fetchall()
        ]
        if not names:
            return
        if len(names) > _MOST_POINTERS:
            # each field of each record: ten times a few pointers, but never their square
            found = f"""
                select member.key as field, member.type as kind, count(*) as records
                from {table} as raw, lateral json_each(raw.record) as member
                where {readable}
                group by member.key, member.type
            """
            parameters: list[object] = [load_id]
        else:
            # a path takes a name such as * for a wildcard, quoted or not
            pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
            found = f"""
                select unnest(?::varchar[]) as field, unnest(kinds) as kind, records
                from (
                    select json_type(record, ?::varchar[]) as kinds, count(*) as records
                    from {table}
                    where {readable}
                    group by 1
                )
            """
            parameters = [names, pointers, load_id]
        self.connection.execute(
            f"""
            insert into raw.fields (load_id, source, field, type, records)
            select ?, ?, field, type, sum(records)
            from (
                select
                    field,
                    records,
                    case
                        when kind = 'VARCHAR' then 'string'
                        when kind in ('BIGINT', 'UBIGINT', 'DOUBLE') then 'number'
                        else lower(kind)
                    end as type
                from ({found})
            )
            where type is not null
            group by field, type
            """,
            [load_id, self.source.name, *parameters],
        )


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
