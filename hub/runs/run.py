"""Carries out one run: from its line in the log, over landing and build, to its receipt."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from hub.alerts.watch import Watch
from hub.queries.receipt import receipt
from hub.runs.adapter_faults import with_adapter_faults
from hub.runs.capture import Capture
from hub.runs.changes import BuildState, Work, build_state, everything, work_of
from hub.runs.compiled_plan import CompiledPlan, read_plan, write_plan
from hub.runs.dbt import build
from hub.runs.execute import StepFailed, execute
from hub.runs.full_counts import counting_of
from hub.runs.progress import BuildProgress
from hub.telemetry.lineage import RunLineage, lineage_of
from loader import tracing
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.landing.folder import Landing
from loader.logs import logged, stage
from loader.warehouse.connection import is_usable, open_warehouse
from loader.warehouse.memory import build_bytes, memory_cap
from loader.warehouse.run_log import close_after, end_run, errors_of, find_run, start_run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunSpec:
    """How a run is made: what it does before the build, and looks at after it.

    skip:  the stages to switch off.   clock: the moment that counts as now, None for the present.
    force: build even if there is nothing new.
    proves_all: whether to test, of all entities, that nothing is lost, or only of those built.
    warnings: for the receipt, besides those of the landing; `prepare` may add some.
    watch: looks at the warehouse when the run is closed, however it ended.
    by_dbt: whether dbt builds even where its compiled plan could be executed.
    exports: whether targets are written to files where `vars: exports` says so.
    """

    command: str
    skip: list[str]
    clock: datetime | None
    force: bool
    prepare: Callable[[duckdb.DuckDBPyConnection, str], Landing]
    look_after: Callable[[duckdb.DuckDBPyConnection, str], list[dict[str, Any]]] | None = None
    proves_all: bool = True
    warnings: list[str] = field(default_factory=list)
    watch: Watch | None = None
    by_dbt: bool = False
    exports: bool = True


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    receipt:     as plain data.
    did_nothing: whether there was nothing new to build.
    afterwards:  what it looked at when all was done: the dead letters of a redrive, or what a
                 reprocessing changed.
    warnings:    those of the run itself.
    """

    receipt: dict[str, Any]
    landing: Landing
    did_nothing: bool
    afterwards: list[dict[str, Any]]
    warnings: tuple[str, ...]

    @property
    def failed(self) -> bool:
        return bool(self.receipt["status"] != "succeeded")


def carry_out(project: Project, spec: RunSpec, scratch: Path | None = None) -> RunResult:
    """Make the run; whatever ends it early, it is closed in the log.

    scratch: a folder for dbt's own files, where the project's target folder must stay as it is.
    """
    with (
        _closing_when_left(project, spec.watch) as begun,
        _lineage(project, spec, scratch) as lineage,
    ):
        # held while dbt builds: it works on the open database, and nobody comes between
        with open_warehouse(project) as connection:
            run_id = start_run(connection, spec.command, spec.skip, spec.clock)
            begun.append(run_id)
            lineage.begin(run_id)
            with logged(run_id, spec.command):
                run = _Run(project, spec, run_id, lineage, spec.prepare(connection, run_id))
                before = build_state(connection, project, spec.skip)
                work = everything(project) if spec.force else work_of(connection, project, before)
                if not work.entities:
                    log.info("nothing new")
                    return run.close(connection, [], before, did_nothing=True)
                with _capped(connection, work):
                    failures = run.build(connection, work, before.project, scratch)
                if is_usable(connection):
                    return run.close_built(connection, failures)
        # opened anew, the database has all that was committed
        with logged(run_id), open_warehouse(project) as connection:
            return run.close_built(connection, failures)


def _capped(
    connection: duckdb.DuckDBPyConnection, work: Work
) -> contextlib.AbstractContextManager[None]:
    """The memory cap of a build. After a failure there is none: the cap may have been the cause."""
    if work.follows_failure:
        return contextlib.nullcontext()
    return memory_cap(connection, build_bytes(connection, is_small=work.is_small))


def _lineage(
    project: Project, spec: RunSpec, scratch: Path | None
) -> contextlib.AbstractContextManager[RunLineage]:
    # a run on a copy is nobody's lineage
    return contextlib.nullcontext(RunLineage()) if scratch else lineage_of(project, spec.command)


@contextlib.contextmanager
def _closing_when_left(project: Project, watch: Watch | None) -> Iterator[list[str]]:
    """Close the run whose identity the block puts into the list, where an exception or an interrupt
    leaves it: the warehouse may be open no more, or of no use."""
    begun: list[str] = []
    try:
        yield begun
    except BaseException as error:
        with contextlib.suppress(HubError, duckdb.Error):
            for run_id in begun:
                with open_warehouse(project) as connection:
                    close_after(connection, run_id, error)
                    if watch and not isinstance(error, WrongUse):
                        watch.look(connection)
        raise


@dataclass(frozen=True)
class _Run:
    """A run that has a line in the log, and has landed what it was to land."""

    project: Project
    spec: RunSpec
    run_id: str
    lineage: RunLineage
    landing: Landing

    def build(
        self,
        connection: duckdb.DuckDBPyConnection,
        work: Work,
        state: str,
        scratch: Path | None,
    ) -> list[str]:
        """Do the work; returns what kept the build from running at all.

        state: what the project's files are known by.
        """
        compiled = read_plan(self.project, state)
        progress = BuildProgress(sum(file.rows for file in self.landing.files))
        with stage("build"), progress.shown():
            try:
                if self._execute(connection, work, compiled, progress):
                    return []
            except StepFailed as error:
                if not is_usable(connection):
                    return [str(error)]
                # dbt says what is wrong, as ever; the message may quote a record
                log.info("%s failed in the plan: dbt builds", error.step)
                log.debug("%s", error)
                failures = self._build_by_dbt(work, scratch, compiled, progress)
                self._warn_if_dbt_found_nothing(connection, error.step, failures)
                return failures
            return self._build_by_dbt(work, scratch, compiled, progress)

    def _execute(
        self,
        connection: duckdb.DuckDBPyConnection,
        work: Work,
        compiled: CompiledPlan,
        progress: BuildProgress,
    ) -> bool:
        """Execute the plan, if it is for such work; returns whether it is. Raises StepFailed."""
        asked = self._asked(work)
        is_like_another = work.is_ordinary and not self.spec.by_dbt
        if not (is_like_another and compiled.covers(work.entities, **asked)):
            return False
        execute(
            connection,
            compiled,
            work.entities,
            compiled.steps_of(work.entities, **asked),
            self.run_id,
            progress.start,
            counting=counting_of(connection, self.project, work.entities),
        )
        return True

    def _warn_if_dbt_found_nothing(
        self, connection: duckdb.DuckDBPyConnection, step: str, failures: list[str]
    ) -> None:
        """Whoever looks after the machine should know that something failed once."""
        if not failures and is_usable(connection) and not errors_of(connection, self.run_id):
            self.spec.warnings.append(
                f"{step} failed in the plan; dbt built it then, and found nothing wrong"
            )

    def _build_by_dbt(
        self, work: Work, scratch: Path | None, compiled: CompiledPlan, progress: BuildProgress
    ) -> list[str]:
        """Build with dbt; where it was an ordinary increment, its statements go into the plan."""
        capture = Capture()
        outcome = build(
            self.project,
            self.run_id,
            self.spec.skip,
            work,
            scratch,
            self.spec.proves_all,
            capture.listen,
            progress.start,
        )
        if outcome.exception:
            return [f"dbt: {outcome.exception}"]
        if (
            outcome.success
            and work.is_ordinary
            and not scratch
            and capture.complete(
                compiled, self.project, outcome.result.results, **self._asked(work)
            )
        ):
            try:
                write_plan(self.project, compiled)
            except OSError as error:
                log.error("the plan was not kept: %s", error)
        return []

    def _asked(self, work: Work) -> dict[str, bool]:
        """What a build of the work is asked for besides its entities."""
        return {
            "are_all": work.entities == self.project.entities,
            "proves_all": self.spec.proves_all,
        }

    def close_built(self, connection: duckdb.DuckDBPyConnection, failures: list[str]) -> RunResult:
        """Close the run after the build, with what dbt logged besides these failures."""
        found = errors_of(connection, self.run_id)
        errors = failures + with_adapter_faults(connection, self.project, found)
        for error in errors:
            # the message may quote a record
            log.error("%s failed", error.partition(":")[0])
            log.debug("%s", error)
        if errors:
            tracing.failed(", ".join(error.partition(":")[0] for error in errors))
        after = None if errors else build_state(connection, self.project, self.spec.skip)
        return self.close(connection, errors, after)

    def close(
        self,
        connection: duckdb.DuckDBPyConnection,
        errors: list[str],
        state: BuildState | None,
        *,
        did_nothing: bool = False,
    ) -> RunResult:
        """End the run in the log and draw up its receipt.

        state: what the next run is compared with.
        """
        errors = errors + self.landing.errors()
        if state and self.project.vars.exports and self.spec.exports:
            # imported here because most projects have none
            from hub.runs.exports import write_exports

            with stage("export"):
                errors += write_exports(connection, self.project, state, self.run_id)
        warnings = self.landing.warnings() + self.spec.warnings
        end_run(
            connection,
            self.run_id,
            errors=errors,
            warnings=warnings,
            build_state=state.text() if state else None,
            had_work=not did_nothing,
        )
        look_after = self.spec.look_after
        afterwards = look_after(connection, self.run_id) if look_after else []
        if self.spec.watch:
            self.spec.watch.look(connection, did_nothing=did_nothing)
        drawn_up = receipt(
            connection, self.project, find_run(connection, self.run_id), is_now=did_nothing
        )
        self.lineage.end(self.landing, drawn_up)
        return RunResult(
            drawn_up,
            self.landing,
            did_nothing,
            afterwards,
            tuple(self.spec.warnings),
        )
