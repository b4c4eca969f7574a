"""Reads Parquet files for process.py, as a process of its own: `python worker.py`.

A file of a few KB can make DuckDB take any amount of memory, whatever its memory_limit says, and a
damaged one can end the process. So no file is read by the process that has the warehouse open.
This one imports nothing of the hub, as it must start fast.

Requests come as lines of JSON on the standard input. Answers go out as frames: a letter, the length
of what follows in four bytes, and that. T is texts with the request's separator between them, E an error as JSON, D
the end of the rows.
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
# Records of which so many are too big to be written at once are written in ever smaller groups.
_ROWS_AT_ONCE = 1_024
# Idle for so long, it ends, as it keeps some memory.
_IDLE_SECONDS = 5
# One thread, so that the rows come in the order of the file.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "threads": 1,
}
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
        try:
            _answer(json.loads(line), before)
        except Exception as error:  # whatever it is, it is for the other process to judge
            _send(b"E", json.dumps([type(error).__name__, str(error).strip()]).encode())
        else:
            _send(b"D", b"")


def _answer(request: dict[str, Any], before: int) -> None:
    with duckdb.connect(":memory:", config=_SETTINGS) as connection:
        _limit(connection, request["memory"], before)
        for statement in request["set_up"]:
            connection.execute(statement)
        _check_types(connection, request)
        rows = _Rows(connection, request)
        try:
            rows.send_all()
        except (duckdb.OutOfMemoryException, MemoryError):
            rows.send_rest_in_small_groups()


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
        self._text: str = request["text"]
        self._separator: str = request["separator"]
        self._most_chars: int = request["most_chars"]
        self._sent = 0

    def send_all(self) -> None:
        """Send every row."""
        self._send_found(f"select {self._text} from {_SCAN}", [self._path])

    def send_rest_in_small_groups(self) -> None:
        """Send those that were not sent: from a table, which may go to disk."""
        self._connection.execute(
            f"create temp table rows as select * from {_SCAN} offset {self._sent}", [self._path]
        )
        ((total,),) = self._connection.execute("select count(*) from rows").fetchall()
        group, first, before = _ROWS_AT_ONCE, 0, self._sent
        while first < total:
            query = f"select {self._text} from rows where rowid between ? and ?"
            try:
                self._send_found(query, [first, first + group - 1])
            except (duckdb.OutOfMemoryException, MemoryError):
                if group == 1:
                    raise
                group //= 2
            # some may have been sent before memory ran out
            first = self._sent - before

    def _send_found(self, query: str, parameters: list[Any]) -> None:
        self._connection.execute(query, parameters)
        texts: list[str] = []
        chars = 0
        while rows := self._connection.fetchmany(_ROWS_PER_FETCH):
            for (text,) in rows:
                if chars + len(text) > _FRAME_CHARS or len(texts) >= _FRAME_TEXTS:
                    self._send(texts)
                    texts, chars = [], 0
                if len(text) > self._most_chars:
                    raise RecordTooBig(f"a record has {len(text)} characters")
                texts.append(text)
                chars += len(text)
        self._send(texts)

    def _send(self, texts: list[str]) -> None:
        if texts:
            _send(b"T", self._separator.join(texts).encode())
            self._sent += len(texts)


def _limit(connection: duckdb.DuckDBPyConnection, memory: str, before: int) -> None:
    """Let this process take no more than so much memory besides what it took at its start."""
    connection.execute("set memory_limit = ?", [memory])
    ((limit,),) = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit'))"
    ).fetchall()
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (before + limit, hard))


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
