"""Writes the database file anew, so that none of its free blocks holds what was removed."""

import shutil

import duckdb

from loader.config.project import Project
from loader.errors import HubError
from loader.warehouse.alone import open_nowhere
from loader.warehouse.durable import sync
from loader.warehouse.replacement import (
    DATABASE,
    RECEIPTS,
    empty_folder_beside,
    remove_folder,
    replace_warehouse,
)

_OLD = "the_old_file"
_ROWS = (
    "select schema_name || '.' || table_name from duckdb_tables() "
    "where database_name = ? order by 1"
)


def rewrite_database(project: Project) -> None:
    """Copy all that the warehouse holds into a new file, which takes its place by one rename.

    Killed at any moment, it leaves the old file or the new one. Raises InUse where another process
    has the warehouse open, HubError where the copy is not the same.
    """
    folder = empty_folder_beside(project.database)
    try:
        _copy(project, str(folder / DATABASE))
        receipts = folder / RECEIPTS
        receipts.mkdir()
        for path in project.receipts.glob("*.json"):
            shutil.copy(path, receipts / path.name)
            sync(receipts / path.name)
        for path in (folder / DATABASE, receipts, folder):
            sync(path)
        with open_nowhere(project.database):
            replace_warehouse(project.database, folder)
    finally:
        remove_folder(folder)


def _copy(project: Project, new: str) -> None:
    old = str(project.database).replace("'", "''")
    with duckdb.connect(new) as connection:
        connection.execute(f"attach '{old}' as {_OLD} (read_only)")
        ((name,),) = connection.execute("select current_database()").fetchall()
        connection.execute(f'copy from database {_OLD} to "{name}"')
        if _counts(connection, _OLD) != _counts(connection, name):
            raise HubError(
                f"database {project.database}",
                "its copy does not hold the same",
                "Run the same command again; `hub doctor` examines the warehouse.",
            )
        connection.execute(f"detach {_OLD}")


def _counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    return {
        table: connection.execute(f'select count(*) from "{database}".{table}').fetchall()[0][0]
        for (table,) in connection.execute(_ROWS, [database]).fetchall()
    }
