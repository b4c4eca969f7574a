"""Opens the warehouse, a DuckDB file: to write, alone, or to read, beside other readers."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from loader.config.environment import read_environment
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.warehouse.leftovers import aside_of, remove_leftovers
from loader.warehouse.lock import SHORT_WAIT, WHAT_TO_DO, InUse, command_of
from loader.warehouse.tables import check_format, create_tables

# An attempt to open a file that is locked takes 5 ms of CPU: the first come in quick succession, as
# most locks are short, the later ones seldom.
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1


@contextmanager
def open_warehouse(
    project: Project, *, wait: float | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, with all tables that dbt expects to find; closed at the end.

    wait: seconds to wait for other processes that have the file open, by default what the project
    says. Raises InUse after them, and HubError where it is no DuckDB file, or of another format.
    """
    connection = _connect(project, read_only=False, wait=wait)
    try:
        _set_up(connection)
        create_tables(connection, project)
        yield connection
    finally:
        connection.close()


@contextmanager
def open_workspace(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database of this process alone, beside the warehouse, whether there
    is one or not. It is gone when the block is left, or else when another is opened."""
    remove_leftovers(database.parent)
    aside = aside_of(database.with_name(f"{database.name}.workspace"))
    try:
        connection = duckdb.connect(str(aside))
        try:
            _set_up(connection)
            yield connection
        finally:
            connection.close()
    finally:
        for path in (aside, aside.with_name(f"{aside.name}.wal")):
            path.unlink(missing_ok=True)


@contextmanager
def open_in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in memory, closed at the end."""
    with duckdb.connect() as connection:
        _set_up(connection)
        yield connection


@contextmanager
def read_warehouse(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that only reads, for as long as the block lasts: nothing is created, and other
    processes can read at the same time.

    Raises InUse as open_warehouse, and HubError where there is no warehouse, or one that lacks what
    the block asks for.
    """
    require_warehouse(project)
    connection = _connect(project, read_only=True)
    try:
        _set_up(connection)
        # or a table that is missing would be looked for among the variables of this program
        connection.execute("set python_enable_replacements = false")
        if check_format(connection, project.database):
            raise _no_warehouse(project)
        yield connection
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise HubError(
            f"database {project.database}",
            f"its tables and views are not those of this project ({_first_line(error)})",
            "`hub run` brings them up to date.",
        ) from error
    finally:
        connection.close()


def require_warehouse(project: Project) -> None:
    """Raise HubError where there is no warehouse."""
    if not project.database.exists():
        raise _no_warehouse(project)


def _no_warehouse(project: Project) -> HubError:
    return HubError(
        f"database {project.database}", "there is no warehouse yet", "Start with `hub run`."
    )


def is_usable(connection: duckdb.DuckDBPyConnection) -> bool:
    """False where DuckDB has given the database up, as on a full disk, until it is opened anew."""
    try:
        connection.execute("select 1").fetchall()
    except duckdb.Error:
        return False
    return True


def _connect(
    project: Project, *, read_only: bool, wait: float | None = None
) -> duckdb.DuckDBPyConnection:
    wait = project.wait if wait is None else wait
    deadline = time.monotonic() + (SHORT_WAIT if wait is None else wait)
    pause = _FIRST_PAUSE
    path = project.database
    while True:
        try:
            if not read_only and not path.exists():
                _create(path)
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.Error as error:
            if "Could not set lock" not in str(error):
                raise HubError(
                    f"database {path}",
                    f"DuckDB {duckdb.__version__} cannot open it ({_first_line(error)})",
                    "Check the file.",
                ) from error
            if time.monotonic() >= deadline:
                raise InUse(
                    f"database {path}", f"{_holder(error)} has it open", WHAT_TO_DO
                ) from error
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _holder(error: duckdb.Error) -> str:
    """The process that has the file open, from what DuckDB says of it."""
    found = re.search(r"lock is held in (.+?) \(PID (\d+)\)", str(error))
    if not found:
        return "another process"
    return f"the process {found[2]} ({command_of(int(found[2])) or found[1]})"


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _set_up(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set TimeZone = 'UTC'")
    if limit := read_environment().memory_limit:
        _limit_memory(connection, limit)


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
