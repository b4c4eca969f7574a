"""Keeps all others away from a warehouse that is being replaced."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from loader.config.project import Project
from loader.warehouse.database_file import Disturbed, kept_closed
from loader.warehouse.lock import WHAT_TO_DO, InUse, no_stream_lock, pull_lock, warehouse_lock
from loader.warehouse.replacement import log_of


@contextmanager
def others_kept_away(project: Project) -> Iterator[None]:
    """Keep other commands, pulls and streams from the warehouse until the block is left. Raises
    InUse."""
    with (
        pull_lock(project.database, project.wait),
        no_stream_lock(project.database, project.wait),
        warehouse_lock(project.database, project.wait),
    ):
        yield


@contextmanager
def open_nowhere(database: Path) -> Iterator[None]:
    """Keep others from opening the database that is replaced. Raises InUse where one has it."""
    if not database.exists():
        yield
        return
    try:
        if log_of(database).exists():
            _take_up_log(database)
        with kept_closed(database):
            yield
    except Disturbed as error:
        raise InUse(f"database {database}", "another process has it open", WHAT_TO_DO) from error


def _take_up_log(database: Path) -> None:
    """Write what the log beside the database holds into it: the log has no place beside another
    database. One that DuckDB cannot open keeps its log until it is replaced."""
    try:
        duckdb.connect(str(database)).close()
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise Disturbed from error
