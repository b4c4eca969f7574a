"""Tells of runs as OpenLineage events: when they start, and when they end, with what they read and
wrote. Where the environment asks for none, nothing is imported and nothing is done."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from hub.telemetry.switches import lineage_setting
from loader import interrupts
from loader.config.project import Project
from loader.landing.folder import Landing

EventState = Literal["START", "COMPLETE", "FAIL", "ABORT"]


@dataclass(frozen=True)
class Rows:
    """What a job read or wrote.   name: of a table as schema.table, or the path of a folder or in a
    bucket.   files: how many, where it is such a path."""

    name: str
    rows: int
    files: int | None = None


@dataclass(frozen=True)
class JobEvent:
    """An event as it is told, in our words.

    run_id, command: of the hub's run.   started_at: when the run started (UTC).
    job:    what ran: `run`, or a part of it such as `build.events`.
    at:     when it happened (UTC).
    errors: the names of what failed; no texts, which may quote records.
    """

    run_id: str
    command: str
    started_at: datetime
    job: str
    state: EventState
    at: datetime
    inputs: tuple[Rows, ...] = ()
    outputs: tuple[Rows, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether it is of a part of a run, whose parent is the run."""
        return self.job != self.command


class RunLineage:
    """Tells of one run. By itself it tells nobody: see `lineage_of`."""

    def begin(self, run_id: str) -> None:
        """The run has started."""

    def end(
        self,
        landing: Landing,
        receipt: dict[str, Any] | None = None,
        failed: tuple[str, ...] = (),
    ) -> None:
        """The run has ended, well or not: the receipt says how; without one, it only landed.

        failed: the names of what failed, where there is no receipt.
        """


@contextmanager
def lineage_of(project: Project, command: str) -> Iterator[RunLineage]:
    """Tell of a run that is made inside the block: of its end, too, where an exception or an
    interrupt leaves it."""
    if lineage_setting() is None:
        yield RunLineage()
        return
    telling = _Telling(project, command)
    try:
        yield telling
    except BaseException as error:
        telling.left_by(error)
        raise


class _Telling(RunLineage):
    def __init__(self, project: Project, command: str) -> None:
        # a thread that takes events as they come; it imports the library, which takes a while
        from hub.telemetry.emitter import emitter_of

        self._emitter = emitter_of(project)
        self._project = project
        self._command = command
        self._run_id: str | None = None
        self._started_at = datetime.now(UTC)

    def begin(self, run_id: str) -> None:
        self._run_id = run_id
        self._started_at = datetime.now(UTC)
        self._tell(self._command, "START", at=self._started_at)

    def end(
        self,
        landing: Landing,
        receipt: dict[str, Any] | None = None,
        failed: tuple[str, ...] = (),
    ) -> None:
        errors = failed
        if receipt:
            errors = tuple(error.partition(":")[0] for error in receipt["errors"])
            for entity in receipt["entities"]:
                self._tell_of_entity(receipt, entity, errors)
        landed: dict[str, list[int]] = {}
        for outcome in landing.files:
            if outcome.status == "landed":
                landed.setdefault(outcome.source, []).append(outcome.rows)
        self._tell(
            self._command,
            "FAIL" if errors else "COMPLETE",
            inputs=tuple(
                Rows(
                    self._project.sources[source].path or str(self._project.landing / source),
                    sum(rows),
                    len(rows),
                )
                for source, rows in landed.items()
            ),
            outputs=tuple(Rows(f"raw.{source}", sum(rows)) for source, rows in landed.items()),
            errors=errors,
        )
        self._run_id = None

    def left_by(self, error: BaseException) -> None:
        """The run, if there is one that has not ended, has failed, or was ended by somebody."""
        is_asked = interrupts.caused(error)
        self._tell(
            self._command,
            "ABORT" if is_asked else "FAIL",
            errors=() if is_asked else (type(error).__name__,),
        )

    def _tell_of_entity(
        self, receipt: dict[str, Any], entity: str, errors: tuple[str, ...]
    ) -> None:
        """What the build of an entity read and wrote. The names of its models have its own."""
        named = re.compile(rf"(^|[_.]){re.escape(entity)}([_.]|$)")
        failed = tuple(error for error in errors if named.search(error))
        sources = {
            name: counts
            for name, counts in receipt["sources"].items()
            if counts["entity"] == entity and counts["records"]
        }
        if not sources and not failed:
            return
        job = f"build.{entity}"
        inputs = tuple(Rows(f"raw.{name}", counts["records"]) for name, counts in sources.items())
        self._tell(job, "START", at=self._started_at, inputs=inputs)
        self._tell(
            job,
            "FAIL" if failed else "COMPLETE",
            inputs=inputs,
            outputs=(
                Rows(f"marts.{entity}", _sum(sources, "applied")),
                Rows(f"ops.{entity}_decisions", _sum(sources, "records")),
                Rows("ops.dead_letters", _sum(sources, "rejected")),
            ),
            errors=failed,
        )

    def _tell(self, job: str, state: EventState, at: datetime | None = None, **facts: Any) -> None:
        if self._run_id is not None:
            self._emitter.tell(
                JobEvent(
                    self._run_id,
                    self._command,
                    self._started_at,
                    job,
                    state,
                    at or datetime.now(UTC),
                    **facts,
                )
            )


def _sum(sources: dict[str, dict[str, Any]], count: str) -> int:
    return sum(int(counts[count]) for counts in sources.values())
