"""Reads the warehouse as it stands, or, while a run has it, as it was published last."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from loader.config.project import Project
from loader.errors import HubError
from loader.warehouse.connection import read_warehouse
from loader.warehouse.lock import InUse
from loader.warehouse.run_log import runs
from loader.warehouse.snapshots import newest_snapshot


@dataclass(frozen=True)
class AsOf:
    """What a published snapshot is of: the newest run in it, and when that ended (UTC)."""

    run_id: str
    ended_at: datetime | None


@dataclass(frozen=True)
class Reading:
    """An open warehouse to read. as_of: of the snapshot; None where it is the warehouse itself."""

    connection: duckdb.DuckDBPyConnection
    as_of: AsOf | None = None

    def dated(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer that was read here, with `as_of` where it is of a published snapshot."""
        if self.as_of is None:
            return answer
        moment = self.as_of.ended_at
        ended_at = moment.isoformat(timespec="milliseconds") if moment else None
        return {**answer, "as_of": {"run_id": self.as_of.run_id, "ended_at": ended_at}}


@contextmanager
def read_latest(project: Project) -> Iterator[Reading]:
    """The warehouse to read, as read_warehouse gives it; or its newest snapshot while another
    process has it, unless somebody asked to wait for that one (`--wait`).

    Raises InUse where there is no snapshot, and HubError as read_warehouse.
    """
    with ExitStack() as stack:
        if project.wait is not None or not newest_snapshot(project.database):
            yield Reading(stack.enter_context(read_warehouse(project)))
            return
        try:
            reading = Reading(stack.enter_context(read_warehouse(replace(project, wait=0))))
        except InUse:
            connection = _open_snapshot(project, stack)
            newest = runs(connection)
            reading = Reading(connection, AsOf(newest[0].run_id, newest[0].ended_at))
        yield reading


def _open_snapshot(project: Project, stack: ExitStack) -> duckdb.DuckDBPyConnection:
    """The newest snapshot, opened as the warehouse is, and closed with the stack."""
    while snapshot := newest_snapshot(project.database):
        try:
            return stack.enter_context(read_warehouse(replace(project, database=snapshot)))
        except HubError:
            # it may have gone between the two: others were published meanwhile
            if snapshot == newest_snapshot(project.database):
                raise
    return stack.enter_context(read_warehouse(project))  # somebody has removed them all
