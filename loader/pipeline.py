"""Carries out one run: from its line in the log, over landing and build, to its receipt."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from loader import interrupts
from loader.build import KeptProject, build
from loader.errors import HubError
from loader.fingerprint import entities_with_work, fingerprint
from loader.landing import Landing
from loader.logs import logged, stage
from loader.project import Project
from loader.receipt import receipt
from loader.runs import end_run, errors_of, find_run, start_run
from loader.warehouse import open_warehouse

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How a run is made: what it does before the build, and looks at after it.

    skip:  the stages to switch off.   clock: the moment that counts as now, None for the present.
    force: build even if there is nothing new.
    kept:  the parsed project, in a process that makes many runs.
    proves_all: whether to test, of all entities, that nothing is lost, or only of those built.
    """

    command: str
    skip: list[str]
    clock: datetime | None
    force: bool
    prepare: Callable[[duckdb.DuckDBPyConnection, str], Landing]
    look_after: Callable[[duckdb.DuckDBPyConnection, str], list[dict[str, Any]]] | None = None
    kept: KeptProject | None = None
    proves_all: bool = True


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    receipt:     as plain data.
    did_nothing: whether there was nothing new to build.
    afterwards:  what the plan looked at when all was done, such as the letters of a redrive.
    """

    receipt: dict[str, Any]
    landing: Landing
    did_nothing: bool
    afterwards: list[dict[str, Any]]

    @property
    def failed(self) -> bool:
        return bool(self.receipt["status"] != "succeeded")


def carry_out(project: Project, plan: Plan, scratch: Path | None = None) -> RunResult:
    """Make the run; whatever ends it early, it is closed in the log.

    scratch: a folder for dbt's own files, where the project's target folder must stay as it is.
    """
    with _closing_when_left(project) as begun:
        with open_warehouse(project) as connection:
            run_id = start_run(connection, plan.command, plan.skip, plan.clock)
            begun.append(run_id)
            with logged(run_id):
                landing = plan.prepare(connection, run_id)
                before = fingerprint(connection, project, plan.skip)
                work = entities_with_work(connection, project, before)
                if plan.force:
                    work = project.entities
                elif not work:
                    log.info("nothing new")
                    if plan.kept:  # the next run may have something, and dbt takes seconds to begin
                        plan.kept.manifest(project, before.project)
                    state = before.text()
                    return _close(connection, project, plan, run_id, landing, [], state, True)
        with logged(run_id), stage("build"):
            parsed = plan.kept.manifest(project, before.project) if plan.kept else None
            failures = build(
                project, run_id, plan.skip, work, scratch, parsed, proves_all=plan.proves_all
            )
    with logged(run_id), open_warehouse(project) as connection:
        failures += errors_of(connection, run_id)
        if find_run(connection, run_id).status == "interrupted":
            failures.append("run: dbt was started beside it and closed it: run it again")
        for failure in failures:
            # the message may quote a record
            log.error("%s failed", failure.partition(":")[0])
            log.debug("%s", failure)
        after = None if failures else fingerprint(connection, project, plan.skip).text()
        return _close(connection, project, plan, run_id, landing, failures, after, False)


@contextlib.contextmanager
def _closing_when_left(project: Project) -> Iterator[list[str]]:
    """Close the run whose identity the block puts into the list, where an exception or an interrupt
    leaves it: be that while the warehouse is open, is being closed, or is left to dbt."""
    begun: list[str] = []
    try:
        yield begun
    except BaseException as error:
        with contextlib.suppress(HubError, duckdb.Error):
            for run_id in begun:
                with open_warehouse(project) as connection:
                    _close_after(connection, run_id, error)
        raise


@contextlib.contextmanager
def closing_on_error(connection: duckdb.DuckDBPyConnection, run_id: str) -> Iterator[None]:
    """Close the run where an exception or an interrupt leaves the block."""
    try:
        yield
    except BaseException as error:
        _close_after(connection, run_id, error)
        raise


def landing_warnings(landing: Landing) -> list[str]:
    """What a visit to the landing folder found amiss, for the receipt."""
    warnings = [
        f"{outcome.file}: {outcome.status}: {outcome.reason}"
        for outcome in landing.files
        if outcome.status not in ("landed", "known")
    ]
    return warnings + [
        f"landing/{name}: no registered source claims it, left as it is"
        for name in landing.unclaimed
    ]


def _close(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    plan: Plan,
    run_id: str,
    landing: Landing,
    errors: list[str],
    state: str | None,
    did_nothing: bool,
) -> RunResult:
    """End the run in the log and draw up its receipt. state: the fingerprint to compare with."""
    warnings = landing_warnings(landing)
    end_run(connection, run_id, errors=errors, warnings=warnings, fingerprint=state)
    afterwards = plan.look_after(connection, run_id) if plan.look_after else []
    return RunResult(
        receipt(connection, project, find_run(connection, run_id)),
        landing,
        did_nothing,
        afterwards,
    )


def _close_after(connection: duckdb.DuckDBPyConnection, run_id: str, error: BaseException) -> None:
    # DuckDB turns a signal that meets it in a query into an error of its own
    interrupted = isinstance(error, KeyboardInterrupt) or interrupts.requested()
    errors = [] if interrupted else [str(error)]
    # a database that met a full disk is of no use any more: the next run closes this one
    with contextlib.suppress(duckdb.Error):
        end_run(
            connection,
            run_id,
            errors=errors,
            warnings=[],
            fingerprint=None,
            interrupted=interrupted,
        )
