"""Carries out one run on a lakehouse: lands there, lets Spark build, and draws up the receipt."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from hub.queries.receipt import receipt
from hub.queries.target import lakehouse_of_target
from hub.runs.changes import BuildState, build_state, everything, work_of
from hub.runs.dbt import build
from hub.runs.progress import BuildProgress
from hub.runs.run import RunResult, RunSpec
from hub.runs.spark_server import require_server
from loader import tracing
from loader.config.project import Project
from loader.errors import HubError
from loader.landing.folder import Landing, land
from loader.logs import logged, stage
from loader.warehouse.run_log import close_after, end_run, errors_of, find_run, start_run

if TYPE_CHECKING:
    from loader.delta.lakehouse import Lakehouse
    from loader.delta.reading import LakehouseReading

log = logging.getLogger(__name__)

# What a run asks the build for, by rows that it adds.
_REQUESTS = ("ops.redrive_requests", "ops.reprocess_requests")


def carry_out_on_spark(project: Project, spec: RunSpec, *, lands: bool) -> RunResult:
    """Make the run; whatever ends it early, it is closed in the log. Spark may go on with its last
    statement then, and the next run completes it.

    lands: land everything new, instead of what `spec.prepare` does; that is called with a
           connection to which the lakehouse can be asked, and which has tables of requests.

    Raises WrongUse where nobody says where the lakehouse is, HubError where it or Spark cannot be
    reached.
    """
    place = lakehouse_of_target()
    require_server()
    # imported here because most projects have no lakehouse
    from loader.delta.lakehouse import open_lakehouse
    from loader.delta.reading import read_lakehouse

    with open_lakehouse(project, place) as (workspace, lakehouse):
        lakehouse.read_open_runs(workspace)
        run_id = start_run(workspace, spec.command, spec.skip, spec.clock)
        with logged(run_id, spec.command), _closing_when_left(workspace, lakehouse, run_id):
            landing = Landing((), ())
            if lands:
                with stage("land"):
                    landing = land(workspace, project, (), run_id, store=lakehouse)
                lakehouse.follow(workspace)
            # from here on, dbt and the questions see the run
            lakehouse.put_runs(workspace)
            with read_lakehouse(project, place, _REQUESTS) as reading:
                if not lands:
                    spec.prepare(reading.connection, run_id)
                    reading.keep_added()
                return _SparkRun(project, spec, run_id, landing, workspace, lakehouse).build(
                    reading
                )


@contextlib.contextmanager
def _closing_when_left(
    workspace: duckdb.DuckDBPyConnection, lakehouse: "Lakehouse", run_id: str
) -> Iterator[None]:
    """Close the run where an exception or an interrupt leaves the block."""
    try:
        yield
    except BaseException as error:
        # where that fails, too, the next run closes it
        with contextlib.suppress(HubError, duckdb.Error):
            close_after(workspace, run_id, error)
            # what landed before the error has landed
            lakehouse.follow(workspace)
            lakehouse.put_runs(workspace)
        raise


@dataclass(frozen=True)
class _SparkRun:
    """A run that has a line in the log of the lakehouse, and has landed what it was to land."""

    project: Project
    spec: RunSpec
    run_id: str
    landing: Landing
    workspace: duckdb.DuckDBPyConnection
    lakehouse: "Lakehouse"

    def build(self, reading: "LakehouseReading") -> RunResult:
        """Let dbt build what has changed."""
        before = build_state(reading.connection, self.project, self.spec.skip)
        work = (
            everything(self.project)
            if self.spec.force
            else work_of(reading.connection, self.project, before)
        )
        if not work.entities:
            log.info("nothing new")
            return self._close(reading, [], before, did_nothing=True)
        progress = BuildProgress(sum(file.rows for file in self.landing.files))
        with stage("build"), progress.shown():
            outcome = build(
                self.project,
                self.run_id,
                self.spec.skip,
                work,
                proves_all=self.spec.proves_all,
                report=progress.start,
                lakehouse=self.lakehouse.tables.place.root,
            )
        reading.look()
        # where Spark went away, nothing was logged there
        errors = errors_of(reading.connection, self.run_id) or _failures_of(outcome)
        for error in errors:
            # the message may quote a record
            log.error("%s failed", error.partition(":")[0])
            log.debug("%s", error)
        if errors:
            tracing.failed(", ".join(error.partition(":")[0] for error in errors))
            return self._close(reading, errors, None)
        after = build_state(reading.connection, self.project, self.spec.skip)
        return self._close(reading, [], after)

    def _close(
        self,
        reading: "LakehouseReading",
        errors: list[str],
        state: BuildState | None,
        *,
        did_nothing: bool = False,
    ) -> RunResult:
        """End the run in the log and draw up its receipt."""
        end_run(
            self.workspace,
            self.run_id,
            errors=errors + self.landing.errors(),
            warnings=self.landing.warnings() + self.spec.warnings,
            build_state=state.text() if state else None,
            had_work=not did_nothing,
        )
        self.lakehouse.put_runs(self.workspace)
        reading.look()
        look_after = self.spec.look_after
        return RunResult(
            receipt(
                reading.connection,
                self.project,
                find_run(reading.connection, self.run_id),
                is_now=did_nothing,
            ),
            self.landing,
            did_nothing,
            look_after(reading.connection, self.run_id) if look_after else [],
            tuple(self.spec.warnings),
        )


def _failures_of(outcome: Any) -> list[str]:
    """What dbt itself says of a build that failed."""
    if outcome.exception:
        return [f"dbt: {outcome.exception}"]
    if outcome.success:
        return []
    return [
        # of what Spark says, the sentence alone, without the calls that led there
        f"{each.node.name}: {(each.message or '').partition('JVM stacktrace:')[0].strip()}"
        for each in outcome.result.results
        if each.status in ("error", "fail", "runtime error")
    ] or ["dbt: the build failed"]
