"""The ledger of what landed: raw.loads."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

import duckdb

from loader.config.sources import Source
from loader.warehouse.run_log import utc_now

# landed, or no more than known; the others were held or quarantined
_TAKEN_IN = "status in ('landed', 'known')"


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
    """The load that a file landed as, or is known by, where its state is that of then."""
    row = connection.execute(
        "select load_id from raw.loads where source = ? and file = ? and file_state = ? "
        f"and {_TAKEN_IN}",
        [source, file, state],
    ).fetchone()
    return row[0] if row else None


def seen_before(
    connection: duckdb.DuckDBPyConnection, source: Source, states: Mapping[str, str]
) -> dict[str, Load]:
    """Of files by name and state, the load that each landed as, is known by or was quarantined as,
    where its state is that of then, and the source's settings are.

    Where a source delivers its whole state with each file, its states may repeat: there only what a
    name brought last counts.
    """
    columns = ", ".join(f"loads.{column.name}" for column in fields(Load))
    rows = connection.execute(
        f"""
        with looked as (
            select unnest(?::varchar[]) as file, unnest(?::varchar[]) as file_state
        ),
        loads as (
            select
                *,
                {_TAKEN_IN} as is_taken_in,
                max(load_id) filter (where {_TAKEN_IN}) over (partition by file) as last_of_name
            from raw.loads
            where source = ?
        )
        select {columns}
        from loads
        join looked on looked.file = loads.file and looked.file_state = loads.file_state
        where (is_taken_in and (not ? or load_id = last_of_name))
            or (status = 'quarantined' and settings = ?)
        order by load_id
        """,
        [
            list(states),
            list(states.values()),
            source.name,
            source.delivery == "full",
            settings_text(source),
        ],
    ).fetchall()
    return {load.file: load for load in (Load(*row) for row in rows)}


def settings_text(source: Source) -> str:
    """The format settings of a source as the ledger keeps them."""
    return json.dumps(source.format.declared(), sort_keys=True)


def known_load(
    connection: duckdb.DuckDBPyConnection, source: Source, file: str, sha256: str
) -> Load | None:
    """The load that has a file's bytes already, so that it is not to land.

    Where a source delivers its whole state with each file, an earlier state may come again. Then a
    file is known only by the newest that landed, or by what its own name brought last: it may have
    been touched, copied back or written anew, and is no new delivery. (As a file's state is not
    kept while another change could bear the same time, no file could be known by that alone.)
    """
    if source.delivery != "full":
        # what is no more than known may have been written again without a forgotten key
        return _latest(connection, source.name, "sha256 = ?", sha256)
    of_name = _latest(connection, source.name, "file = ?", file)
    newest = _latest(connection, source.name, "status = 'landed'")
    return next((load for load in (of_name, newest) if load and load.sha256 == sha256), None)


def is_in_ledger(
    connection: duckdb.DuckDBPyConnection, source: Source, file: str, sha256: str
) -> bool:
    """Whether the ledger has an outcome for a file with these bytes, so that it is not new."""
    return (
        known_load(connection, source, file, sha256)
        or turned_away_load(connection, source.name, sha256)
    ) is not None


def turned_away_load(
    connection: duckdb.DuckDBPyConnection, source: str, sha256: str
) -> Load | None:
    """The load with these bytes that was held or quarantined."""
    condition = f"source = ? and sha256 = ? and not {_TAKEN_IN}"
    return _load_where(connection, condition, source, sha256)


def landed_since(
    connection: duckdb.DuckDBPyConnection, source: str, sha256: str, load_id: int
) -> Load | None:
    """The load with these bytes that has landed under this number or a greater one."""
    condition = "status = 'landed' and sha256 = ? and load_id >= ?"
    return _latest(connection, source, condition, sha256, load_id)


def _latest(
    connection: duckdb.DuckDBPyConnection, source: str, condition: str, *parameters: str | int
) -> Load | None:
    return _load_where(
        connection,
        f"source = ? and {condition} and {_TAKEN_IN} order by load_id desc limit 1",
        source,
        *parameters,
    )


def _load_where(
    connection: duckdb.DuckDBPyConnection, condition: str, *parameters: str | int
) -> Load | None:
    columns = [column.name for column in fields(Load)]
    row = connection.execute(
        f"select {', '.join(columns)} from raw.loads where {condition}", parameters
    ).fetchone()
    return Load(**dict(zip(columns, row, strict=True))) if row else None


def digest_of_load(connection: duckdb.DuckDBPyConnection, load_id: int) -> str:
    """The digest that the file of a load is known by."""
    ((sha256,),) = connection.execute(
        "select sha256 from raw.loads where load_id = ?", [load_id]
    ).fetchall()
    return str(sha256)


def note_file_state(connection: duckdb.DuckDBPyConnection, load_id: int, state: str) -> None:
    """Keep the state that the file of a load is in now, its bytes being the same."""
    connection.execute(
        "update raw.loads set file_state = ? where load_id = ?",
        [state, load_id],
    )


def replace_outcome(
    connection: duckdb.DuckDBPyConnection, load: Load, landed_at: datetime | None = None
) -> None:
    """Write what became of a file, instead of an earlier outcome of these bytes or of an earlier
    state of a file that was held.   landed_at: as for add_load."""
    connection.execute(
        f"delete from raw.loads where source = ? and not {_TAKEN_IN} "
        "and (sha256 = ? or (file = ? and status = 'held'))",
        [load.source, load.sha256, load.file],
    )
    add_load(connection, load, landed_at)


def next_load_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The number for the next load.

    Whatever lands takes it in the transaction that commits its records, and one process at a time
    can write: so the numbers of files, pulled pages and batches of streams are one clock, and what
    landed first has the least. What is held or quarantined has not landed: it takes another then.
    """
    # a number is never given twice, not even when a row of the ledger was deleted
    rows = connection.execute(
        "select coalesce(max(load_id), 0) + 1 from ("
        "select load_id from raw.loads union all select load_id from ops.completed_loads)"
    ).fetchall()
    return int(rows[0][0])


def add_load(
    connection: duckdb.DuckDBPyConnection, load: Load, landed_at: datetime | None = None
) -> None:
    """Add a row to the ledger, as of a moment (UTC), by default now."""
    values = {**asdict(load), "landed_at": landed_at or utc_now()}
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
