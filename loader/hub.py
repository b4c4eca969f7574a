"""The commands as functions: each does its work and returns what the command line prints."""

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from loader import interrupts
from loader.build import build, what_if
from loader.doctor import Finding, examine
from loader.errors import HubError
from loader.fingerprint import entities_with_work, fingerprint
from loader.landing import Landing, land
from loader.letters import LetterChoice, discard_letters, letters_by_id, request_redrive
from loader.logs import RUN_ID, stage
from loader.project import Project, stage_name
from loader.receipt import receipt
from loader.receipt_files import write_receipt
from loader.runs import end_run, errors_of, find_run, runs, start_run
from loader.story import Question, answer
from loader.turns import taking_turns
from loader.warehouse import open_warehouse
from loader.what_if import compare

if TYPE_CHECKING:
    from loader.pull.pulling import PullOutcome

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    receipt:     as plain data.
    did_nothing: whether there was nothing new to build.
    afterwards:  the letters of a redrive as they stand after it.
    """

    receipt: dict[str, Any]
    landing: Landing
    did_nothing: bool
    afterwards: list[dict[str, Any]]

    @property
    def failed(self) -> bool:
        return bool(self.receipt["status"] != "succeeded")


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
    with taking_turns(project.database), open_warehouse(project) as connection:
        run_id = start_run(connection, "land", [], None)
        with _logged(run_id), _closing_on_error(connection, run_id):
            with stage("land"):
                landing = land(connection, project, names, run_id)
            end_run(
                connection, run_id, errors=[], warnings=_landing_warnings(landing), fingerprint=None
            )
    return landing


def pull(project: Project, names: tuple[str, ...], *, full: bool = False) -> PullResult:
    """Pull what is new from the named sources, or all that are pulled, and land it; logged as a
    run of its own.

    full: ask for everything, whatever was pulled before. Raises WrongUse for a source that is not
    pulled; what fails later is the outcome of its source, and the others go on.
    """
    # imported here because no other command asks an API
    from loader.pull.pulling import pull_source, sources_to_pull

    sources = sources_to_pull(project, names)
    with taking_turns(project.database), open_warehouse(project) as connection:
        run_id = start_run(connection, "pull", [], None)
        with _logged(run_id), _closing_on_error(connection, run_id):
            with stage("pull"):
                outcomes = tuple(
                    pull_source(connection, project, source, run_id, full=full)
                    for source in sources
                )
            with stage("land"):
                landing = land(connection, project, [source.name for source in sources], run_id)
            warnings = [
                f"{outcome.source}: {warning}"
                for outcome in outcomes
                for warning in outcome.warnings
            ]
            end_run(
                connection,
                run_id,
                errors=[outcome.error for outcome in outcomes if outcome.error],
                warnings=warnings + _landing_warnings(landing),
                fingerprint=None,
            )
    return PullResult(outcomes, landing)


def run(
    project: Project,
    *,
    skip: tuple[str, ...] = (),
    clock: datetime | None = None,
    force: bool = False,
    dry: bool = False,
) -> RunResult:
    """Land everything new, build and test it, and write the receipt.

    skip:  stages to switch off, besides those of `vars: skip`.
    clock: the moment that counts as now (UTC).
    force: build even if there is nothing new.
    dry:   work on a copy of the warehouse; afterwards nothing has changed.
    """

    def land_everything(connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        with stage("land"):
            return land(connection, project, (), run_id)

    wanted = list(project.vars.get("skip") or [])
    wanted += [word for word in map(stage_name, skip) if word not in wanted]
    return _run(project, _Plan("run", wanted, clock, force, land_everything), dry)


def redrive(
    project: Project, choice: LetterChoice, *, clock: datetime | None = None, dry: bool = False
) -> RunResult:
    """Decide open dead letters again, from their raw text, under the present rules.

    The result's `afterwards` has the chosen letters as they stand then. clock and dry are as for
    `run`.
    """
    _require_warehouse(project)
    chosen: list[int] = []

    def request(connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        chosen.extend(request_redrive(connection, choice))
        return Landing((), ())

    def look_again(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
        return letters_by_id(connection, chosen)

    plan = _Plan("redrive", list(project.vars.get("skip") or []), clock, False, request, look_again)
    return _run(project, plan, dry)


def discard(
    project: Project, choice: LetterChoice, discarded_by: str, reason: str
) -> list[dict[str, Any]]:
    """Mark open dead letters as discarded, with who and why; returns them. Deletes nothing."""
    _require_warehouse(project)
    with taking_turns(project.database), open_warehouse(project) as connection:
        return discard_letters(connection, choice, discarded_by, reason)


def why(project: Project, question: Question) -> dict[str, Any]:
    """Everything that is known of the records that a question is about."""
    _require_warehouse(project)
    with open_warehouse(project) as connection:
        return answer(connection, question)


def report(project: Project, run_id: str | None) -> dict[str, Any]:
    """The receipt of a run, by default of the latest build."""
    _require_warehouse(project)
    with open_warehouse(project) as connection:
        return receipt(connection, project, find_run(connection, run_id))


def contract_diff(project: Project, entity: str) -> dict[str, Any]:
    """What the contract as it is written now would decide otherwise. Builds nothing."""
    _require_warehouse(project)
    with open_warehouse(project) as connection:
        find_run(connection)  # without a build there is nothing to compare with
    check = what_if(project, entity)
    with open_warehouse(project) as connection:
        return compare(connection, entity, check["version"], check["sql"])


def doctor(project: Project) -> list[Finding]:
    """What an examination of the warehouse finds."""
    _require_warehouse(project)
    with open_warehouse(project) as connection:
        return examine(connection, project)


def history(project: Project, limit: int) -> list[dict[str, Any]]:
    """The latest `limit` runs, latest first."""
    _require_warehouse(project)
    with open_warehouse(project) as connection:
        return [
            {
                "run_id": entry.run_id,
                "command": entry.command,
                "status": entry.status,
                "started_at": entry.started_at.isoformat(timespec="milliseconds"),
                "duration_ms": entry.duration_ms,
                "errors": entry.errors,
            }
            for entry in runs(connection, limit=limit)
        ]


def _require_warehouse(project: Project) -> None:
    if not project.database.exists():
        raise HubError(
            f"database {project.database}", "there is no warehouse yet", "Start with `hub run`."
        )


@dataclass(frozen=True)
class _Plan:
    """How a run is made: what it does before the build, and looks at after it.

    skip:  the stages to switch off.   clock: the moment that counts as now, None for the present.
    """

    command: str
    skip: list[str]
    clock: datetime | None
    force: bool
    prepare: Callable[[duckdb.DuckDBPyConnection, str], Landing]
    look_after: Callable[[duckdb.DuckDBPyConnection], list[dict[str, Any]]] | None = None


def _run(project: Project, plan: _Plan, dry: bool) -> RunResult:
    """Carry out a plan on the warehouse and write its receipt, or, dry, on a copy."""
    if not dry:
        with taking_turns(project.database):
            result = _carry_out(project, plan, None)
            write_receipt(project.receipts, result.receipt)
        return result
    with tempfile.TemporaryDirectory(prefix="hub-dry-run-") as folder:
        copy = _copy_warehouse(project.database, Path(folder))
        return _carry_out(replace(project, database=copy), plan, Path(folder) / "target")


def _carry_out(project: Project, plan: _Plan, scratch: Path | None) -> RunResult:
    with open_warehouse(project) as connection:
        run_id = start_run(connection, plan.command, plan.skip, plan.clock)
        with _logged(run_id), _closing_on_error(connection, run_id):
            landing = plan.prepare(connection, run_id)
            before = fingerprint(connection, project, plan.skip)
            work = entities_with_work(connection, project, before)
            if plan.force:
                work = project.entities
            elif not work:
                log.info("nothing new")
                return _close(connection, project, plan, run_id, landing, [], before.text(), True)
    with _logged(run_id), stage("build"):
        try:
            failures = build(project, run_id, plan.skip, work, scratch)
        except BaseException as error:
            with contextlib.suppress(HubError, duckdb.Error), open_warehouse(project) as connection:
                _close_after(connection, run_id, error)
            raise
    with _logged(run_id), open_warehouse(project) as connection:
        failures += errors_of(connection, run_id)
        if find_run(connection, run_id).status == "interrupted":
            failures.append("run: dbt was started beside it and closed it: run it again")
        for failure in failures:
            # the message may quote a record
            log.error("%s failed", failure.partition(":")[0])
            log.debug("%s", failure)
        after = None if failures else fingerprint(connection, project, plan.skip).text()
        return _close(connection, project, plan, run_id, landing, failures, after, False)


def _close(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    plan: _Plan,
    run_id: str,
    landing: Landing,
    errors: list[str],
    state: str | None,
    did_nothing: bool,
) -> RunResult:
    """End the run in the log and draw up its receipt. state: the fingerprint to compare with."""
    warnings = _landing_warnings(landing)
    end_run(connection, run_id, errors=errors, warnings=warnings, fingerprint=state)
    return RunResult(
        receipt(connection, project, find_run(connection, run_id)),
        landing,
        did_nothing,
        plan.look_after(connection) if plan.look_after else [],
    )


def _copy_warehouse(database: Path, folder: Path) -> Path:
    """A copy of the warehouse, with what its log holds. Raises HubError where it is locked."""
    copy = folder / database.name
    if not database.exists():
        return copy
    try:
        # whoever holds the file may not have written everything to it yet
        duckdb.connect(str(database), read_only=True).close()
    except duckdb.Error as error:
        raise HubError(
            f"database {database}",
            f"it cannot be copied ({str(error).splitlines()[0]})",
            "Wait for the process that has it open, or end it.",
        ) from error
    for name in (database.name, f"{database.name}.wal"):
        if (database.parent / name).exists():
            shutil.copy2(database.parent / name, folder / name)
    return copy


@contextlib.contextmanager
def _logged(run_id: str) -> Iterator[None]:
    token = RUN_ID.set(run_id)
    try:
        yield
    finally:
        RUN_ID.reset(token)


@contextlib.contextmanager
def _closing_on_error(connection: duckdb.DuckDBPyConnection, run_id: str) -> Iterator[None]:
    """Close the run where an exception or an interrupt leaves the block."""
    try:
        yield
    except BaseException as error:
        _close_after(connection, run_id, error)
        raise


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


def _landing_warnings(landing: Landing) -> list[str]:
    warnings = [
        f"{outcome.file}: {outcome.status}: {outcome.reason}"
        for outcome in landing.files
        if outcome.status not in ("landed", "known")
    ]
    return warnings + [
        f"landing/{name}: no registered source claims it, left as it is"
        for name in landing.unclaimed
    ]
