"""Opens the warehouse, a DuckDB file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from loader.config.environment import read_environment
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.warehouse.leftovers import aside_of
from loader.warehouse.tables import create_tables


@contextmanager
def open_warehouse(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, with all tables that dbt expects to find; closed at the end.

    Raises HubError where another process holds the file or it is no DuckDB file.
    """
    connection = _connect(project.database)
    try:
        connection.execute("set TimeZone = 'UTC'")
        if limit := read_environment().memory_limit:
            _limit_memory(connection, limit)
        create_tables(connection, project)
        yield connection
    finally:
        connection.close()


def is_usable(connection: duckdb.DuckDBPyConnection) -> bool:
    """False where DuckDB has given the database up, as on a full disk, until it is opened anew."""
    try:
        connection.execute("select 1").fetchall()
    except duckdb.Error:
        return False
    return True


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        if not path.exists():
            _create(path)
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        holder = re.search(r"lock is held in (.+?) \(PID (\d+)\)", str(error))
        if holder:
            raise HubError(
                f"database {path}",
                f"the process {holder[2]} ({holder[1]}) has it open",
                "DuckDB allows one process at a time: wait for it or end it.",
            ) from error
        first_line = str(error).splitlines()[0]
        raise HubError(
            f"database {path}", f"DuckDB cannot open it ({first_line})", "Check the file."
        ) from error


def _create(path: Path) -> None:
    """Create an empty database, aside and then under its name.

    A file that DuckDB could not begin to the end, on a full disk or when killed, is no database
    to it ever after.
    """
    aside = aside_of(path)
    try:
        duckdb.connect(str(aside)).close()
        try:
            # unlike a rename, a link leaves alone what another process has created meanwhile
            path.hardlink_to(aside)
        except OSError:
            # there are file systems without links; among hub commands, the lock keeps others out
            if not path.exists():
                aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)


def _limit_memory(connection: duckdb.DuckDBPyConnection, limit: str) -> None:
    try:
        connection.execute("set memory_limit = ?", [limit])
    except duckdb.Error as error:
        raise WrongUse(
            "HUB_MEMORY_LIMIT", f"{limit!r} is no amount of memory", "Write 2GB, 500MB or 50%."
        ) from error
