"""The ledger of what landed: raw.loads."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime

import duckdb

from loader.warehouse.run_log import utc_now


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


def load_of_untouched(
    connection: duckdb.DuckDBPyConnection, source: str, file: str, state: str | None
) -> int | None:
    """The load that a file landed as, where its state is that of then."""
    row = connection.execute(
        "select load_id from raw.loads "
        "where source = ? and file = ? and file_state = ? and status = 'landed'",
        [source, file, state],
    ).fetchone()
    return row[0] if row else None


def load_of_bytes(connection: duckdb.DuckDBPyConnection, source: str, sha256: str) -> Load | None:
    """What the ledger says of a source's file with these bytes."""
    columns = [column.name for column in fields(Load)]
    row = connection.execute(
        f"select {', '.join(columns)} from raw.loads where source = ? and sha256 = ?",
        [source, sha256],
    ).fetchone()
    return Load(**dict(zip(columns, row, strict=True))) if row else None


def note_file_state(connection: duckdb.DuckDBPyConnection, load_id: int, state: str) -> None:
    """Keep the state that the file of a load is in now, its bytes being the same."""
    connection.execute(
        "update raw.loads set file_state = ? where load_id = ?",
        [state, load_id],
    )


def replace_outcome(connection: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Write what became of a file, instead of an earlier outcome of these bytes or of an earlier
    state of a file that was held."""
    connection.execute(
        "delete from raw.loads where source = ? and status <> 'landed' "
        "and (sha256 = ? or (file = ? and status = 'held'))",
        [load.source, load.sha256, load.file],
    )
    add_load(connection, load)


def next_load_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The number for the next load."""
    # a number is never given twice, not even when a row of the ledger was deleted
    rows = connection.execute(
        "select coalesce(max(load_id), 0) + 1 from ("
        "select load_id from raw.loads union all select load_id from ops.completed_loads)"
    ).fetchall()
    return int(rows[0][0])


def add_load(connection: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Add a row to the ledger, as of now."""
    values = {**asdict(load), "landed_at": utc_now()}
    marks = ", ".join("?" for _ in values)
    connection.execute(
        f"insert into raw.loads ({', '.join(values)}) values ({marks})", list(values.values())
    )


def unfinished_loads(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """(entity, file, its size in bytes) of each load of a registered source that is not in every
    projection yet."""
    return connection.execute(
        "select entity, file, size from ops.unfinished_loads order by load_id"
    ).fetchall()
