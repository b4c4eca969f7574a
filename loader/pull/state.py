"""How far the pulls of each source have come, kept in ops.pulls, and what became of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from loader.pull.outcome import PullOutcome
from loader.warehouse.run_log import utc_now
from loader.warehouse.transactions import transaction

_COLUMNS = "settings, since, asked_since, position, greatest, pages, items, started_at, ended_at"


@dataclass(frozen=True)
class PullState:
    """Where the pulls of a source stand.

    settings:    digest of what gives the rest its meaning.
    since:       greatest value seen by the pulls that came to their end.
    asked_since: the value that the latest pull asks for.
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


def load_state(connection: duckdb.DuckDBPyConnection, source: str) -> PullState:
    """The state of a source; an empty one before its first pull."""
    row = connection.execute(
        f"select {_COLUMNS} from ops.pulls where source = ?", [source]
    ).fetchone()
    return PullState(*row) if row else PullState()


def save_state(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    state: PullState,
    run_id: str,
    error: str | None = None,
) -> None:
    """Keep the state of a source, and the error that its pull ended with, if it did."""
    values = [*vars(state).values(), error, run_id, source]
    with transaction(connection):
        connection.execute("delete from ops.pulls where source = ?", [source])
        marks = ", ".join("?" for _ in values)
        connection.execute(
            f"insert into ops.pulls ({_COLUMNS}, error, run_id, source) values ({marks})", values
        )


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
