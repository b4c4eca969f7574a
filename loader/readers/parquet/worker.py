"""Reads Parquet files for process.py, as a process of its own: `python worker.py`.

A file of a few KB can make DuckDB take any amount of memory, whatever its memory_limit says, and a
damaged one can end the process. So no file is read by the process that has the warehouse open.
This one imports nothing of the hub, as it must start fast.

Requests come as lines of JSON on the standard input. An answer is a B, when it begins, and frames:
a letter, the length of what follows in four bytes, and that. T is texts, with the request's
separator between them, E an error as JSON, D the end of the rows.
"""

from __future__ import annotations

import json
import select
import signal
import sys
from pathlib import Path
from typing import Any

import duckdb

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

_ROWS_PER_FETCH = 2_000
# A bigger text comes alone.
_FRAME_CHARS = 4 << 20
_FRAME_TEXTS = 50_000
# In parts, so much is read at once; of rows ever fewer, if need be.
_ROWS_AT_ONCE = 1_024
_COLUMNS_AT_ONCE = 50
# Idle for so long, it ends, as it keeps some memory.
_IDLE_SECONDS = 5
# What Python and DuckDB take besides what DuckDB counts.
_UNCOUNTED_BYTES = 64 << 20
# One thread, so that the rows come in the order of the file.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "threads": 1,
}
# Between the members of an object, as arguments of concat.
_COMMA = ", ',', "
_SCAN = "read_parquet(?, hive_partitioning = false, binary_as_string = false)"


class RecordTooBig(Exception):
    """A record has more characters than the request allows."""


class WrongShape(Exception):
    """DuckDB gives a column another type than it should."""


def serve() -> None:
    """Answer requests until there are no more, or none comes for some seconds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = _taken()
    while select.select([sys.stdin], [], [], _IDLE_SECONDS)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        sys.stdout.buffer.write(b"B")
        sys.stdout.buffer.flush()
        try:
            _answer(json.loads(line), before)
        except Exception as error:  # whatever it is, it is for the other process to judge
            _send(b"E", json.dumps([type(error).__name__, str(error).strip()]).encode())
        else:
            _send(b"D", b"")


def _answer(request: dict[str, Any], before: int) -> None:
    with duckdb.connect(":memory:", config=_SETTINGS) as connection:
        # In parts, rows wait in tables that may go to disk. What reads them is not counted, and
        # DuckDB may crash where the system refuses memory to that: it gets the other half.
        share = 0.5 if request["in_parts"] else 1
        _limit(connection, request["memory"], share, before)
        for statement in request["set_up"]:
            connection.execute(statement)
        _check_types(connection, request)
        rows = _Rows(connection, request)
        if request["in_parts"]:
            rows.send_in_parts()
        else:
            rows.send_all()


def _check_types(connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> None:
    due = ", ".join(f"null::{sql_type}" for sql_type in request["types"])
    expected = connection.execute(f"select {due}").description or []
    scan = connection.execute(f"select * from {_SCAN} limit 0", [request["path"]])
    found = scan.description or []
    if [str(kind) for _, kind, *_ in found] != [str(kind) for _, kind, *_ in expected]:
        raise WrongShape(f"DuckDB reads {[str(kind) for _, kind, *_ in found]}")


class _Rows:
    """The rows of one file on their way to the other process."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> None:
        self._connection = connection
        self._path: str = request["path"]
        self._members: list[str] = request["members"]
        self._separator: str = request["separator"]
        self._most_chars: int = request["most_chars"]

    def send_all(self) -> None:
        """Send every row."""
        self._connection.execute(f"select {_text(self._members)} from {_SCAN}", [self._path])
        texts: list[str] = []
        chars = 0
        while rows := self._connection.fetchmany(_ROWS_PER_FETCH):
            found = [text for (text,) in rows]
            texts += found
            chars += sum(map(len, found))
            if chars >= _FRAME_CHARS or len(texts) >= _FRAME_TEXTS:
                self._send(texts)
                texts, chars = [], 0
        if texts:
            self._send(texts)

    def send_in_parts(self) -> None:
        """Send every row, a few columns and a few rows at a time, from tables that may go to disk:
        several times the work, and a fraction of the memory."""
        parts = []
        for start in range(0, len(self._members), _COLUMNS_AT_ONCE):
            members = self._members[start : start + _COLUMNS_AT_ONCE]
            names = ", ".join(f"c{start + number}" for number in range(len(members)))
            table = f"part_{start}"
            self._connection.execute(
                f"create temp table {table} as select {names} from {_SCAN}", [self._path]
            )
            parts.append(f"select {_text(members)} from {table} where rowid between ? and ?")
        ((total,),) = self._connection.execute("select count(*) from part_0").fetchall()
        group, first = _ROWS_AT_ONCE, 0
        while first < total:
            try:
                self._send(self._joined(parts, [first, first + group - 1]))
                first += group
            except (duckdb.OutOfMemoryException, MemoryError):
                if group == 1:
                    raise
                group //= 2

    def _joined(self, parts: list[str], rows: list[int]) -> list[str]:
        """The texts of some rows, of the texts of their parts."""
        found = [self._connection.execute(part, rows).fetchall() for part in parts]
        if len(found) == 1:
            return [text for (text,) in found[0]]
        return [
            "{" + ",".join(text[1:-1] for (text,) in texts) + "}"
            for texts in zip(*found, strict=True)
        ]

    def _send(self, texts: list[str]) -> None:
        """Send texts, some at a time."""
        start, chars = 0, 0
        for number, text in enumerate(texts):
            if len(text) > self._most_chars:
                raise RecordTooBig(f"a record has {len(text)} characters")
            if chars and chars + len(text) > _FRAME_CHARS:
                self._send_frame(texts[start:number])
                start, chars = number, 0
            chars += len(text)
        self._send_frame(texts[start:])

    def _send_frame(self, texts: list[str]) -> None:
        _send(b"T", self._separator.join(texts).encode())


def _text(members: list[str]) -> str:
    """The expression of an object with these members."""
    return f"concat('{{', {_COMMA.join(members)}, '}}')"


def _limit(connection: duckdb.DuckDBPyConnection, memory: str, share: float, before: int) -> None:
    """Let this process take no more than so much memory besides what it took at its start.

    share: how much of it may be what DuckDB counts.
    """
    connection.execute("set memory_limit = ?", [memory])
    ((limit,),) = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit'))"
    ).fetchall()
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (before + limit + _UNCOUNTED_BYTES, hard))
    connection.execute("set memory_limit = ?", [f"{int(limit * share)}B"])


def _taken() -> int:
    """The bytes of data that this process has, where the system tells."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = [line for line in status.splitlines() if line.startswith("VmData:")]
    return int(found[0].split()[1]) << 10 if found else 0


def _send(letter: bytes, payload: bytes) -> None:
    sys.stdout.buffer.write(letter + len(payload).to_bytes(4, "big"))
    sys.stdout.buffer.write(payload)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
