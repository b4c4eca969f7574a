"""Gives one run's state of the warehouse, whole, while others are at work on it or not."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import duckdb

from loader.config.project import Project
from loader.errors import HubError
from loader.warehouse.connection import read_warehouse, require_warehouse
from loader.warehouse.database_file import Disturbed, at_rest, bring_up_to_date
from loader.warehouse.latest import AsOf
from loader.warehouse.leftovers import aside_of
from loader.warehouse.lock import WHAT_TO_DO, InUse, warehouse_lock
from loader.warehouse.run_log import runs
from loader.warehouse.snapshots import newest_snapshot, publish, why_unpublished
from loader.warehouse.whole import what_is_half


@dataclass(frozen=True)
class State:
    """The warehouse as one run left it.

    file:   a copy of the database file, which nobody changes while the state is given. It must stay
            open until then: closed here, it would take DuckDB's lock on it along.
    as_of:  the newest run in it.
    behind: why the warehouse itself may be newer; None where it is not.
    """

    file: BinaryIO
    connection: duckdb.DuckDBPyConnection
    as_of: AsOf
    behind: str | None = None

    def knows(self, run_ids: Collection[str]) -> set[str]:
        """Those of the runs that are in it."""
        found = self.connection.execute(
            "select run_id from ops.runs where run_id in (select unnest(?::varchar[]))",
            [sorted(run_ids)],
        )
        return {run_id for (run_id,) in found.fetchall()}


@contextmanager
def whole_state(project: Project) -> Iterator[State]:
    """The newest state that holds no half of a run, until the block is left.

    It is a published snapshot, published for this where the warehouse is free: so nobody waits for
    a backup, and it waits for nobody. Without snapshots (`vars: publish`), it is a copy.
    Raises InUse where there is neither, HubError where no state is whole.
    """
    require_warehouse(project)
    with ExitStack() as stack:
        if project.vars.publish:
            behind = _publish(project)
            connection, file = _hold_snapshot(project, stack, behind)
        else:
            behind = None
            connection, file = _open(project, stack.enter_context(_copy(project)), stack)
        newest = runs(connection, limit=1)
        if not newest:
            raise _knows_no_run(project)
        yield State(file, connection, AsOf(newest[0].run_id, newest[0].ended_at), behind)


def _publish(project: Project) -> str | None:
    """Publish what is not published yet; returns why the newest state could not be."""
    try:
        with warehouse_lock(project.database, project.wait):
            publish(project.database)
    except InUse as error:
        return error.what
    except duckdb.CatalogException as error:
        raise _knows_no_run(project) from error
    return why_unpublished(project.database)


def _knows_no_run(project: Project) -> HubError:
    return HubError(
        f"database {project.database}", "it knows of no run yet", "Start with `hub run`."
    )


def _hold_snapshot(
    project: Project, stack: ExitStack, behind: str | None
) -> tuple[duckdb.DuckDBPyConnection, BinaryIO]:
    """The newest snapshot, opened so that no later one is made from its file."""
    while snapshot := newest_snapshot(project.database):
        try:
            return _open(project, snapshot, stack)
        except (HubError, FileNotFoundError):
            # it may have gone between the two: others were published meanwhile
            if snapshot == newest_snapshot(project.database):
                raise
    raise InUse(
        f"database {project.database}",
        f"{behind or 'its snapshots were removed'}, and no whole state was published before",
        WHAT_TO_DO,
    )


def _open(
    project: Project, path: Path, stack: ExitStack
) -> tuple[duckdb.DuckDBPyConnection, BinaryIO]:
    """A connection to the database, whose lock keeps it as it is, and then its file."""
    connection = stack.enter_context(read_warehouse(replace(project, database=path)))
    return connection, stack.enter_context(path.open("rb"))


@contextmanager
def _copy(project: Project) -> Iterator[Path]:
    """A copy of the warehouse beside it, for the time of the block."""
    database = project.database.resolve()
    copy = aside_of(database.with_name(f"{database.name}.backup"))
    try:
        with warehouse_lock(database, project.wait):
            try:
                with at_rest(database) as (source, state), copy.open("wb") as target:
                    bring_up_to_date(database, source, state, target.fileno())
            except Disturbed as error:
                raise InUse(
                    f"database {database}",
                    "another process has it open, or has left a log beside it",
                    f"{WHAT_TO_DO} `hub run` takes up what a log holds.",
                ) from error
        if half := what_is_half(copy):
            raise HubError(f"database {database}", half, "`hub run` completes it.")
        yield copy
    finally:
        copy.unlink(missing_ok=True)
