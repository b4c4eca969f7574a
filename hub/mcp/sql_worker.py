"""Answers one query on a published snapshot, as a process of its own: `python -m
hub.mcp.sql_worker`, the order on standard input, the answer on standard output, both JSON.

A query may need any time and memory, and DuckDB cannot be made to keep to less: some functions
listen neither to its memory limit nor to an interrupt. The system can: it ends this process.
"""

import resource
import signal
import sys
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from hub.mcp.allowance import Allowance
from hub.published.locked_down import connect_locked_down
from hub.published.without_raw_text import connect_without_raw_text
from loader.errors import ran_out_of_memory

# rows that are fetched at once
_BATCH = 50


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for, and what it may take.

    path:    of the snapshot.
    memory:  what DuckDB may take, in bytes.   address_space: what the process may, in bytes.
    seconds: how long it may take, if whoever ordered it is gone and cannot end it.
    rows, characters: how much the answer may have.   text: how many characters one text in it may.
    open_sources: the sources whose raw text may be seen, None for all.
    """

    path: str
    query: str
    memory: int
    address_space: int
    seconds: float
    rows: int
    characters: int
    text: int
    open_sources: list[str] | None = None


class Column(msgspec.Struct, frozen=True):
    """A column of an answer. type: as DuckDB names it."""

    name: str
    type: str


class Found(msgspec.Struct, frozen=True, tag=True):
    """The answer to a query.

    rows: in the order of the columns, as JSON has them.   more: whether the query has more rows.
    cut:  how many texts are shown by their beginning only.
    """

    columns: list[Column]
    rows: list[list[Any]]
    more: bool
    cut: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Why there is no answer. out_of_memory: whether it is that the query needs too much."""

    error: str
    out_of_memory: bool = False


def main() -> None:
    """Carry out the order on standard input."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    _limit(order)
    try:
        answer = msgspec.json.encode(_answer(order))
    except (duckdb.Error, MemoryError) as error:
        answer = msgspec.json.encode(Failed(str(error), ran_out_of_memory(error)))
    sys.stdout.buffer.write(answer)


def _limit(order: Order) -> None:
    """Let the system bound what this process may take."""
    # nobody handles the signal: it ends the process, wherever that is
    signal.setitimer(signal.ITIMER_REAL, order.seconds)
    if sys.platform == "linux":  # elsewhere it is not to be had
        resource.setrlimit(resource.RLIMIT_AS, (order.address_space, order.address_space))
    # no file can be written, whatever a query finds a way to
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(order: Order) -> Found | Failed:
    limits = {"memory_limit": f"{order.memory}B", "threads": "2"}
    if order.open_sources is None:
        connection = connect_locked_down(Path(order.path), **limits)
    else:
        connection = connect_without_raw_text(Path(order.path), order.open_sources, **limits)
    statements = connection.extract_statements(order.query)
    if wrong := _what_is_wrong(statements):
        return Failed(wrong)
    cursor = connection.execute(statements[0])
    columns = [Column(name, str(kind)) for name, kind, *_ in cursor.description or ()]
    return _fetched(cursor, columns, order)


def _what_is_wrong(statements: list[duckdb.Statement]) -> str | None:
    """Why these statements are not the one query that may be asked; None where they are."""
    if len(statements) != 1:
        return f"expected one query, got {len(statements)} statements: ask one at a time"
    [statement] = statements
    if statement.type == duckdb.StatementType.MULTI:
        return "a pivot needs its values named, as in: pivot t on c in ('a', 'b') using count(*)"
    if statement.type != duckdb.StatementType.SELECT:
        return (
            f"{statement.type.name} is not to be had: select, from, with, values, describe, show "
            "and summarize are"
        )
    if statement.named_parameters:
        return "a query takes no parameters: write the values into it"
    return None


def _fetched(cursor: duckdb.DuckDBPyConnection, columns: list[Column], order: Order) -> Found:
    """As many rows as the order allows."""
    rows: list[list[Any]] = []
    allowance = Allowance(order.characters, order.text)
    while batch := cursor.fetchmany(_BATCH):
        for values in batch:
            if len(rows) == order.rows or (row := allowance.take(list(values))) is None:
                return Found(columns, rows, True, allowance.cut)
            rows.append(row)
    return Found(columns, rows, False, allowance.cut)


if __name__ == "__main__":
    main()
