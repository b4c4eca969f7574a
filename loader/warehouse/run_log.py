"""The log of runs: opened at a run's start, closed at its end, whatever that is."""

import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import duckdb

from loader import interrupts
from loader.config.request import read_request
from loader.errors import HubError, WrongUse
from loader.warehouse.audit import note_request
from loader.warehouse.lock import is_pulling

# The runs that build, in SQL.
BUILDS = "command in ('run', 'build', 'redrive', 'reprocess', 'stream', 'forget')"


class RunStatus(StrEnum):
    """What the log says of a run; there is nothing else."""

    RUNNING = "running"
    PULLING = "pulling"  # at work, while others may have the warehouse
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # by somebody, or killed


@dataclass(frozen=True)
class Run:
    """A line of the log of runs."""

    run_id: str
    command: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    run_clock: datetime
    skip: list[str]
    errors: list[str]
    warnings: list[str]


def utc_now() -> datetime:
    """The present moment in UTC, without a zone, as the warehouse keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


def parse_clock(text: str, option: str = "--now") -> datetime:
    """A moment given on the command line, in UTC unless it has an offset. Raises WrongUse."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    # an offset may lead out of the calendar
    except (ValueError, OverflowError) as error:
        raise WrongUse(
            f"{option} {text}", "this is no moment", "Write it as 2025-01-15T12:00:00."
        ) from error
    return moment


def start_run(
    connection: duckdb.DuckDBPyConnection, command: str, skip: list[str], clock: datetime | None
) -> str:
    """Open a run and return its identity, which sorts by time; close those that were killed."""
    now = utc_now()
    # a pull can start only where no other goes on
    killed = killed_runs(connection, may_pull=command != "pull")
    # as macros/runs/close_interrupted_runs.sql does before a build by dbt alone
    connection.execute(
        "update ops.runs set status = ?, ended_at = ? "
        "where run_id in (select unnest(?::varchar[]))",
        [RunStatus.INTERRUPTED, now, killed],
    )
    run_id = _given_run_id(connection) or new_run_id(now)
    connection.execute(
        "insert into ops.runs (run_id, command, status, started_at, run_clock, skip) "
        "values (?, ?, ?, ?, ?, ?)",
        [
            run_id,
            command,
            RunStatus.PULLING if command == "pull" else RunStatus.RUNNING,
            now,
            clock or now,
            json.dumps(skip),
        ],
    )
    note_request(connection, command, now, run_id)
    return run_id


def _given_run_id(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The identity that the run was given beforehand, so that its request could be answered; None
    where there is none, or a later run has begun meanwhile, as identities sort by time."""
    request = read_request()
    if request is None or request.run_id is None:
        return None
    ((last,),) = connection.execute("select max(run_id) from ops.runs").fetchall()
    return request.run_id if last is None or request.run_id > last else None


def new_run_id(moment: datetime) -> str:
    """An identity that sorts by the moment; macros/runs/open_run.sql makes it in the same form."""
    return f"{first_run_id(moment)}-{uuid.uuid4().hex[:8]}"


def first_run_id(moment: datetime) -> str:
    """What sorts before every run that started at the moment (UTC) or later, and after the others:
    with it as a bound, few blocks of a long history are read."""
    return f"{moment:%Y%m%dT%H%M%S%f}"[:18]


def moment_of(run_id: str) -> datetime:
    """When a run started (UTC), as its identity says, to the millisecond."""
    return datetime.strptime(run_id[:18], "%Y%m%dT%H%M%S%f")


def killed_runs(
    connection: duckdb.DuckDBPyConnection,
    *,
    database: Path | None = None,
    may_pull: bool = True,
) -> list[str]:
    """The runs that never ended, as whoever has the warehouse open sees them.

    Only one process can have it open, so a run that still counts as running was killed. A pull
    leaves it to others while it waits for an API: it counts as pulling, and lives while it holds
    its lock. may_pull: False where the asker knows that no other pull goes on. database: that of
    the warehouse, by default the file which the connection has open.
    """
    if database is None:
        ((path,),) = connection.execute(
            "select path from duckdb_databases() where not internal and path is not null"
        ).fetchall()
        database = Path(path)
    rows = connection.execute(
        "select run_id from ops.runs where status = 'running' or (status = 'pulling' and not ?) "
        "order by run_id",
        [may_pull and is_pulling(database)],
    ).fetchall()
    return [run_id for (run_id,) in rows]


def end_run(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    *,
    errors: list[str],
    warnings: list[str],
    build_state: str | None,
    interrupted: bool = False,
    had_work: bool = True,
) -> None:
    """Close a run, or complete what dbt's own hook wrote when it closed it.

    It failed if there are errors, unless somebody interrupted it.
    had_work: False where there was nothing new.
    """
    status = RunStatus.FAILED if errors else RunStatus.SUCCEEDED
    if interrupted:
        status = RunStatus.INTERRUPTED
    connection.execute(
        """
        update ops.runs
        set status = $status,
            ended_at = $now,
            duration_ms = date_diff('millisecond', started_at, $now::timestamp),
            errors = $errors,
            warnings = $warnings,
            build_state = $build_state,
            had_work = $had_work
        where run_id = $run_id
        """,
        {
            "status": status,
            "now": utc_now(),
            "errors": json.dumps(errors),
            "warnings": json.dumps(warnings),
            "build_state": build_state,
            "had_work": had_work,
            "run_id": run_id,
        },
    )


@contextlib.contextmanager
def closing_on_error(connection: duckdb.DuckDBPyConnection, run_id: str) -> Iterator[None]:
    """Close the run where an exception or an interrupt leaves the block."""
    try:
        yield
    except BaseException as error:
        close_after(connection, run_id, error)
        raise


def close_after(connection: duckdb.DuckDBPyConnection, run_id: str, error: BaseException) -> None:
    """Close a run that an error or an interrupt ended."""
    # DuckDB turns a signal that meets it in a query into an error of its own
    interrupted = interrupts.caused(error)
    errors = [] if interrupted else [str(error)]
    # a database that met a full disk is of no use any more: the next run closes this one
    with contextlib.suppress(duckdb.Error):
        end_run(
            connection,
            run_id,
            errors=errors,
            warnings=[],
            build_state=None,
            interrupted=interrupted,
        )


def errors_of(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[str]:
    """What went wrong in a run, as logged so far."""
    row = connection.execute("select errors from ops.runs where run_id = ?", [run_id]).fetchone()
    return list(json.loads(row[0])) if row and row[0] else []


def find_run(
    connection: duckdb.DuckDBPyConnection, run_id: str | None = None, *, had_work: bool = False
) -> Run:
    """A run by its identity, or the latest build. Raises HubError where there is none.

    had_work: pass over builds that had nothing to do.
    """
    latest = f"{BUILDS} and had_work is not false" if had_work else BUILDS
    found = (
        runs(connection, f"run_id = '{run_id}'")
        if run_id and run_id.replace("-", "").isalnum()
        else runs(connection, latest if not run_id else "false")
    )
    if not found:
        raise HubError(
            f"run {run_id}" if run_id else "the log of runs",
            "there is no such run" if run_id else "nothing was built yet",
            "`hub report --history 10` lists the runs." if run_id else "Start with `hub run`.",
        )
    return found[0]


def runs(
    connection: duckdb.DuckDBPyConnection, condition: str = "true", limit: int = 1
) -> list[Run]:
    """The latest runs that meet a SQL condition, latest first."""
    rows = connection.execute(
        "select run_id, command, status, started_at, ended_at, duration_ms, run_clock, skip, "
        f"errors, warnings from ops.runs where {condition} "
        "order by run_id desc limit ?",
        [limit],
    ).fetchall()
    return [Run(*row[:7], *(json.loads(text or "[]") for text in row[7:])) for row in rows]
