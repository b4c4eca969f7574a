"""The commands as functions: each does its work and returns what the command line prints."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from hub.alerts.watch import Watch
from hub.queries.contract_diff import compare, landed_sources
from hub.queries.dead_letters import (
    DeadLetterChoice,
    check_redrive,
    check_source,
    dead_letters_by_id,
    discard_dead_letters,
    left_out_of_redrive,
    request_redrive,
)
from hub.queries.explain import Question, answer
from hub.queries.health import Finding, examine
from hub.queries.receipt import receipt
from hub.queries.reprocess import (
    ReprocessChoice,
    changed_sides,
    check_choice,
    remember_removed,
    request_reprocess,
)
from hub.runs.data_tests import data_tests
from hub.runs.publishing import changing, publish_if_free, publish_until_stopped
from hub.runs.receipt_files import write_receipt
from hub.runs.run import RunResult, RunSpec, carry_out
from hub.runs.working_contract import working_contract
from hub.telemetry.lineage import lineage_of
from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.landing.folder import Landing, land
from loader.logs import logged, stage
from loader.warehouse.connection import open_warehouse, read_warehouse, require_warehouse
from loader.warehouse.latest import Reading, read_latest
from loader.warehouse.lock import pull_lock, warehouse_lock
from loader.warehouse.run_log import closing_on_error, end_run, find_run, runs, start_run
from loader.warehouse.snapshots import Publication, publish, why_unpublished

if TYPE_CHECKING:
    from hub.runs.follow import StreamSummary
    from hub.runs.rename_source import RenamedSource
    from loader.pull.source import PullOutcome


@dataclass(frozen=True)
class PullResult:
    """What a pull did: the outcome of each source, and the files that landed then."""

    sources: "tuple[PullOutcome, ...]"
    landing: Landing

    @property
    def exit_code(self) -> int:
        return max(outcome.exit_code for outcome in self.sources)


def land_files(project: Project, names: tuple[str, ...]) -> Landing:
    """Land what is new from the named sources, or from all; logged as a run of its own."""
    project.require_sound()
    with (
        Watch(project) as watch,
        lineage_of(project, "land") as lineage,
        changing(project),
        open_warehouse(project) as connection,
        watch.looking(connection),
    ):
        run_id = start_run(connection, "land", [], None)
        lineage.begin(run_id)
        with logged(run_id, "land"), closing_on_error(connection, run_id):
            with stage("land"):
                landing = land(connection, project, names, run_id)
            end_run(connection, run_id, errors=[], warnings=landing.warnings(), build_state=None)
        lineage.end(landing)
    return landing


def pull(project: Project, names: tuple[str, ...], *, full: bool = False) -> PullResult:
    """Pull what is new from the named sources, or all that are pulled, and land it; logged as a
    run of its own.

    full: ask for everything, whatever was pulled before. Raises WrongUse for a source that is not
    pulled; what fails later is the outcome of its source, and the others go on.
    """
    # imported here because no other command asks an API
    from loader.pull.checkpoint import open_checkpoint
    from loader.pull.source import pull_source, sources_to_pull
    from loader.pull.state import write_outcomes

    project.require_sound()
    sources = sources_to_pull(project, names)
    pulled = [source.name for source in sources]
    with (
        Watch(project) as watch,
        lineage_of(project, "pull") as lineage,
        pull_lock(project.database, project.wait),
        open_checkpoint(project, pulled) as checkpoint,
        logged(checkpoint.run_id, "pull"),
    ):
        lineage.begin(checkpoint.run_id)
        with stage("pull"):
            outcomes = tuple(
                pull_source(checkpoint, project, source, full=full) for source in sources
            )
        with (
            stage("land"),
            checkpoint.last_visit() as connection,
            watch.looking(connection),
        ):
            write_outcomes(connection, checkpoint.run_id, outcomes)
            landing = land(connection, project, pulled, checkpoint.run_id)
            landing = landing.after(checkpoint.outcomes)
            warnings = [
                f"{outcome.source}: {warning}"
                for outcome in outcomes
                for warning in outcome.warnings
            ]
            end_run(
                connection,
                checkpoint.run_id,
                errors=[outcome.error for outcome in outcomes if outcome.error],
                warnings=warnings + landing.warnings(),
                build_state=None,
            )
        lineage.end(landing, failed=tuple(outcome.source for outcome in outcomes if outcome.error))
    publish_if_free(project)
    return PullResult(outcomes, landing)


def run(
    project: Project,
    *,
    skip: tuple[str, ...] = (),
    clock: datetime | None = None,
    force: bool = False,
    dry: bool = False,
    by_dbt: bool = False,
) -> RunResult:
    """Land everything new, build and test it, and write the receipt.

    skip:  stages to switch off, besides those of `vars: skip`.
    clock: the moment that counts as now (UTC).
    force: build even if there is nothing new.
    dry:   work on a copy of the warehouse; afterwards nothing has changed.
    by_dbt: let dbt build even where its compiled plan could be executed.
    """

    def land_everything(connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        with stage("land"):
            return land(connection, project, (), run_id)

    project.require_sound()
    wanted = list(project.vars.skip)
    wanted += [word for word in map(project.stages.named, skip) if word not in wanted]
    return _run(project, RunSpec("run", wanted, clock, force, land_everything, by_dbt=by_dbt), dry)


def stream(
    project: Project, names: tuple[str, ...], *, once: bool, by_dbt: bool = False
) -> "StreamSummary":
    """Take up what the topics of the named sources bring, or of all, until a signal ends it, or
    with `once` until nothing more is there. by_dbt: as for `run`."""
    # the client takes longer to import than most commands
    from hub.runs.follow import follow

    project.require_sound()
    return follow(project, names, once=once, by_dbt=by_dbt)


def redrive(
    project: Project, choice: DeadLetterChoice, *, clock: datetime | None = None, dry: bool = False
) -> RunResult:
    """Decide open dead letters again, from their raw text, under the present rules.

    The result's `afterwards` has the chosen dead letters as they stand then; its receipt warns of
    those that were left out, as their source is registered no more. clock and dry are as for `run`.
    Raises WrongUse where such letters were asked for by their source or record, and for an unknown
    source.
    """
    project.require_sound()
    with read_warehouse(project) as connection:
        check_redrive(connection, choice, project.sources)
    chosen: list[int] = []
    warnings: list[str] = []

    def request(connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        warnings.extend(left_out_of_redrive(connection, choice, project.sources))
        chosen.extend(request_redrive(connection, choice, project.sources))
        return Landing((), ())

    def look_again(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[dict[str, Any]]:
        return dead_letters_by_id(connection, chosen)

    spec = RunSpec(
        "redrive",
        list(project.vars.skip),
        clock,
        False,
        request,
        look_again,
        warnings=warnings,
    )
    return _run(project, spec, dry)


def reprocess(
    project: Project,
    choice: ReprocessChoice,
    *,
    clock: datetime | None = None,
    dry: bool = False,
) -> RunResult:
    """Decide all records of the chosen keys again, from their raw text, under the present rules.

    The result's `afterwards` has what changed, as `changed_sides` returns it. clock and dry are as
    for `run`. Raises WrongUse for an entity or a source that there is none of.
    """
    project.require_sound()
    if choice.entity not in project.entities:
        raise WrongUse(
            f"entity '{choice.entity}'",
            "there is none",
            f"Known are {', '.join(project.entities)}.",
        )
    with read_warehouse(project) as connection:
        check_choice(connection, project, choice)

    def request(connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        remember_removed(connection, project, choice.entity)
        request_reprocess(connection, choice)
        return Landing((), ())

    def look_again(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[dict[str, Any]]:
        return changed_sides(connection, choice.entity, run_id)

    spec = RunSpec("reprocess", list(project.vars.skip), clock, False, request, look_again)
    return _run(project, spec, dry)


def rename_source(project: Project, old: str, new: str) -> "RenamedSource":
    """Give a source that the project has renamed its new name in the warehouse, too; logged as a
    run of its own. The next build decides its records again under that name.

    Raises WrongUse where the project does not say so, or one of the two cannot be meant.
    """
    # imported here because no other command calls macros of the project
    from hub.runs.rename_source import check_names, check_sources, rename_source

    check_names(project, old, new)
    project.require_sound()
    require_warehouse(project)
    with (
        # a pull that is under way would go on under the old name
        pull_lock(project.database, project.wait),
        changing(project),
        open_warehouse(project) as connection,
    ):
        check_sources(connection, project, old, new)
        run_id = start_run(connection, "rename-source", [], None)
        with logged(run_id, "rename-source"), closing_on_error(connection, run_id):
            renamed = rename_source(connection, project, old, new)
            end_run(connection, run_id, errors=[], warnings=[*renamed.notes], build_state=None)
    return renamed


def discard(
    project: Project, choice: DeadLetterChoice, discarded_by: str, reason: str
) -> list[dict[str, Any]]:
    """Mark open dead letters as discarded, with who and why; returns them. Deletes nothing.

    Raises WrongUse for an unknown source; one that is registered no more may have dead letters.
    """
    require_warehouse(project)
    with changing(project), open_warehouse(project) as connection:
        check_source(connection, choice, project.sources)
        return discard_dead_letters(connection, choice, discarded_by, reason)


def why(project: Project, question: Question) -> dict[str, Any]:
    """Everything that is known of the records that a question is about."""
    with read_latest(project) as reading:
        return _dated(answer(reading.connection, project, question), reading)


def report(project: Project, run_id: str | None = None) -> dict[str, Any]:
    """The receipt of a run; by default that of the latest, with dead letters as they stand now."""
    with read_latest(project) as reading:
        latest = find_run(reading.connection, run_id)
        found = receipt(reading.connection, project, latest, is_now=run_id is None)
        return _dated(found, reading)


def report_build(project: Project, run_id: str | None = None) -> dict[str, Any]:
    """The receipt of a run; by default that of the latest which had something to do."""
    with read_latest(project) as reading:
        latest = find_run(reading.connection, run_id, had_work=True)
        return _dated(receipt(reading.connection, project, latest), reading)


def contract_diff(project: Project, entity: str) -> dict[str, Any]:
    """What the contract as it is written now would decide otherwise. Builds nothing."""
    with read_latest(project) as reading:
        find_run(reading.connection)  # without a build there is nothing to compare with
        landed = landed_sources(reading.connection, project, entity)
    working = working_contract(project, entity, landed)
    with read_latest(project) as reading:
        return _dated(
            compare(reading.connection, entity, working.version, working.check_sql), reading
        )


def doctor(project: Project) -> list[Finding]:
    """What an examination of the warehouse finds."""
    with read_latest(project) as reading:
        return [*examine(reading, project), data_tests(reading.connection, project)]


def history(project: Project, limit: int) -> list[dict[str, Any]]:
    """The latest `limit` runs, latest first."""
    with read_latest(project) as reading:
        return [
            {
                "run_id": entry.run_id,
                "command": entry.command,
                "status": entry.status,
                "started_at": entry.started_at.isoformat(timespec="milliseconds"),
                "duration_ms": entry.duration_ms,
                "errors": entry.errors,
            }
            for entry in runs(reading.connection, limit=limit)
        ]


def publish_now(project: Project) -> Publication | None:
    """Publish the warehouse for readers; None where there is nothing new to publish.

    Raises HubError where it is in use or holds half a run, as far as that is so now.
    """
    require_warehouse(project)
    with warehouse_lock(project.database, project.wait):
        published = publish(project.database)
    if half := why_unpublished(project.database):
        raise HubError(f"database {project.database}", half, "`hub run` completes it.")
    return published


def watch(project: Project) -> int:
    """Publish the warehouse whenever it has changed, until a signal ends it; returns how often."""
    return publish_until_stopped(project)


def _dated(answer: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The answer, with what it is as of where it is of a published snapshot."""
    if reading.as_of:
        reading.as_of.added_to(answer)
    return answer


def _run(project: Project, spec: RunSpec, dry: bool) -> RunResult:
    """Carry out a run on the warehouse and write its receipt, or, dry, on a copy."""
    if not dry:
        # left after the lock: whoever is told of alerts keeps nobody from the warehouse
        with Watch(project) as watch, changing(project) as change:
            result = carry_out(project, replace(spec, watch=watch))
            change.is_whole = not result.failed
            if not result.did_nothing:
                write_receipt(project.receipts, result.receipt, project.vars.keep_receipts)
        return result
    with tempfile.TemporaryDirectory(prefix="hub-dry-run-") as folder:
        copy = _copy_warehouse(project, Path(folder))
        return carry_out(replace(project, database=copy), spec, Path(folder) / "target")


def _copy_warehouse(project: Project, folder: Path) -> Path:
    """A copy of the warehouse, with what its log holds. Raises HubError where it is locked."""
    database = project.database
    copy = folder / database.name
    if not database.exists():
        return copy
    # nobody writes while it is open; the database comes last, as the system gives DuckDB's lock
    # back as soon as this process has closed the file
    with read_warehouse(project):
        for name in (f"{database.name}.wal", database.name):
            if (database.parent / name).exists():
                shutil.copy2(database.parent / name, folder / name)
    return copy
