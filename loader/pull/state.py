"""How far the pulls of each source have come, and what became of each.

What is pulled of what is new has its place in ops.pulls, each window its own in ops.pull_windows: a
window of the past moves nothing of what the next pull asks for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import duckdb

from loader.pull.outcome import PullOutcome
from loader.pull.window import Window
from loader.warehouse.run_log import utc_now
from loader.warehouse.transactions import transaction


@dataclass(frozen=True)
class PullState:
    """Where the pulls of a source stand.

    settings:    digest of what gives the rest its meaning.
    since:       greatest value seen by the pulls that came to their end.
    asked_since: the value that the latest pull asks for, of a window its beginning.
    position:    of the page that it asks for next; None where it is at its beginning or its end.
    greatest:    greatest value that it has seen.
    pages, items: that it has pulled.
    ended_at:    None while it is not at its end (UTC, as started_at).
    """

    settings: str | None = None
    since: str | None = None
    asked_since: str | None = None
    position: str | None = None
    greatest: str | None = None
    pages: int = 0
    items: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether a pull was begun that has not come to its end."""
        return self.position is not None and self.ended_at is None


def load_state(
    connection: duckdb.DuckDBPyConnection, source: str, window: Window | None = None
) -> PullState:
    """The state of a source, or of one of its windows; an empty one before its first pull."""
    place = _place(source, window)
    columns = _columns(window)
    row = connection.execute(
        f"select {', '.join(columns)} from {place.table} where {place.condition}",
        [*place.keys.values()],
    ).fetchone()
    return PullState(**dict(zip(columns, row, strict=True))) if row else PullState()


def save_state(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    state: PullState,
    run_id: str,
    error: str | None = None,
    window: Window | None = None,
) -> None:
    """Keep the state of a source, or of one of its windows, and the error that its pull ended with,
    if it did."""
    place = _place(source, window)
    values = {column: getattr(state, column) for column in _columns(window)}
    values |= {"error": error, "run_id": run_id, **place.keys}
    with transaction(connection):
        connection.execute(
            f"delete from {place.table} where {place.condition}", [*place.keys.values()]
        )
        connection.execute(
            f"insert into {place.table} ({', '.join(values)}) "
            f"values ({', '.join('?' for _ in values)})",
            [*values.values()],
        )


@dataclass(frozen=True)
class _Place:
    """Where a state is kept: a table, and the columns that name its row there."""

    table: str
    keys: dict[str, Any]

    @property
    def condition(self) -> str:
        return " and ".join(f"{column} is not distinct from ?" for column in self.keys)


def _place(source: str, window: Window | None) -> _Place:
    if window is None:
        return _Place("ops.pulls", {"source": source})
    return _Place(
        "ops.pull_windows",
        {"source": source, "window_since": window.since, "window_until": window.until},
    )


def _columns(window: Window | None) -> list[str]:
    """What is kept of a state: a window does not follow the greatest value."""
    kept = [column.name for column in fields(PullState)]
    return [column for column in kept if window is None or column not in ("since", "greatest")]


def write_outcomes(
    connection: duckdb.DuckDBPyConnection, run_id: str, outcomes: Iterable[PullOutcome]
) -> None:
    """Write down what became of the pulls of a run: the state has the latest only."""
    for outcome in outcomes:
        connection.execute(
            "insert into ops.pull_outcomes (run_id, source, status, pages, items, requests, "
            "retries, error, ended_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                run_id,
                outcome.source,
                outcome.status,
                outcome.pages,
                outcome.items,
                outcome.requests,
                outcome.retries,
                outcome.error,
                utc_now(),
            ],
        )


def landed_digests(connection: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    """The digests of the files that have landed from the source."""
    rows = connection.execute(
        "select sha256 from raw.loads where source = ? and status = 'landed'", [source]
    ).fetchall()
    return {sha256 for (sha256,) in rows}
