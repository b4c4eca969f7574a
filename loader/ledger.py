"""The ledger of what landed: raw.loads."""

from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb

from loader.runs import utc_now


@dataclass(frozen=True)
class Load:
    """A row of the ledger, as models/ops/_loader_tables.yml describes it."""

    load_id: int
    source: str
    file: str
    sha256: str
    size: int
    rows: int
    status: str
    run_id: str | None
    encoding: str | None = None
    modified_at: datetime | None = None
    reason: str | None = None
    settings: str | None = None
    file_state: str | None = None


def next_load_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The number for the next load."""
    # a number is never given twice, not even when a row of the ledger was deleted
    rows = connection.execute(
        "select coalesce(max(load_id), 0) + 1 from ("
        "select load_id from raw.loads union all select load_id from ops.loads_finished)"
    ).fetchall()
    return int(rows[0][0])


def add_load(connection: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Add a row to the ledger, as of now."""
    values = {**asdict(load), "landed_at": utc_now()}
    marks = ", ".join("?" for _ in values)
    connection.execute(
        f"insert into raw.loads ({', '.join(values)}) values ({marks})", list(values.values())
    )
