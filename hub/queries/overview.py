"""How the hub is doing, in one look: what the page and the metrics tell.

All times are UTC, without a zone. Ages are left to whoever shows them: the answer stays true for as
long as the warehouse it was asked of.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from hub.queries.health import Finding, checks_in_the_warehouse
from hub.queries.receipt import OUTCOMES, receipt
from hub.queries.rows import Row, rows
from hub.queries.whole_entities import ask
from loader.config.project import Project
from loader.warehouse.run_log import BUILDS, Run, RunStatus, runs

# as many runs as bars of the chart can be told apart on a telephone
_RUNS_SHOWN = 24


@dataclass(frozen=True)
class SourceState:
    """How a registered source is doing.

    landed, decided, waiting: records in the ledger; of these, decided at least once; and in loads
    that no build has taken up yet.
    outcomes:  decisions on its records, by outcome; one that was decided again counts again.
    quality:   accepted / (accepted + rejected) of the latest run that decided any, else None.
    freshness: fresh, stale, or unknown where nothing tells of event times.
    """

    name: str
    entity: str
    landed: int
    decided: int
    waiting: int
    outcomes: dict[str, int]
    quality: float | None
    quality_run: str | None
    freshness: str
    last_landed_at: datetime | None
    newest_event_at: datetime | None

    @property
    def unaccounted(self) -> int:
        """Records of which nobody knows what became: 0, or something is wrong."""
        return self.landed - self.decided - self.waiting


@dataclass(frozen=True)
class RunState:
    """A build that had something to do, and its decisions by outcome."""

    run: Run
    outcomes: dict[str, int]

    @property
    def records(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class LetterCount:
    """Open dead letters of one source that have the same reasons. error: the first of these."""

    entity: str
    source: str
    error: str
    reasons: tuple[str, ...]
    letters: int
    oldest: datetime


@dataclass(frozen=True)
class Step:
    """A model, test or snapshot of a build, and how long it took in milliseconds."""

    step: str
    kind: str
    entity: str | None
    duration_ms: int


@dataclass(frozen=True)
class RunTotal:
    """All runs of a command that ended with a status, and what they took in seconds."""

    command: str
    status: str
    runs: int
    seconds: float


@dataclass(frozen=True)
class StreamLag:
    """Records of a partition that were not read yet when last heard of."""

    source: str
    partition: int
    records: int


@dataclass(frozen=True)
class Overview:
    """The state of the hub.

    latest:       the run logged last, whatever it did; None before the first.
    last_success: when the latest build that succeeded ended.
    runs:         the latest builds that had something to do, latest first.
    receipt:      of the latest of these; None where nothing was built yet.
    letters:      open dead letters. settled: those resolved and discarded, by status.
    findings:     the checks of ops.health_checks.
    steps:        the slowest of the latest build that noted any, slowest first.
    left_out:     entities that cannot be read, with the reason: they are missing everywhere else.
    """

    sources: tuple[SourceState, ...]
    latest: Run | None
    last_success: datetime | None
    runs: tuple[RunState, ...]
    run_totals: tuple[RunTotal, ...]
    receipt: dict[str, Any] | None
    letters: tuple[LetterCount, ...]
    settled: dict[str, int]
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    stream_lags: tuple[StreamLag, ...]
    left_out: dict[str, str]

    @property
    def landed(self) -> int:
        return sum(source.landed for source in self.sources)

    @property
    def decided(self) -> int:
        return sum(source.decided for source in self.sources)

    @property
    def waiting(self) -> int:
        return sum(source.waiting for source in self.sources)

    @property
    def open_letters(self) -> int:
        return sum(count.letters for count in self.letters)

    @property
    def is_accounted_for(self) -> bool:
        """Whether every record that landed is decided, or waits in a load that is known."""
        return not self.left_out and not any(source.unaccounted for source in self.sources)

    def letters_by_reason(self) -> list[tuple[str, int]]:
        """How many open letters have each reason, most first; one counts under each of its own."""
        counted: Counter[str] = Counter()
        for count in self.letters:
            for reason in count.reasons:
                counted[reason] += count.letters
        return sorted(counted.items(), key=lambda item: (-item[1], item[0]))

    def letters_of(self, source: str) -> int:
        return sum(count.letters for count in self.letters if count.source == source)


def overview(connection: duckdb.DuckDBPyConnection, project: Project) -> Overview:
    """How the hub is doing, as the warehouse stands."""
    whole, left_out = ask(connection, project, lambda reader: _whole(reader, project))
    return Overview(**whole, left_out=left_out)


def _whole(connection: duckdb.DuckDBPyConnection, project: Project) -> dict[str, Any]:
    built = runs(connection, f"{BUILDS} and had_work is not false", _RUNS_SHOWN)
    ended = [run for run in built if run.status != RunStatus.RUNNING]
    latest = runs(connection)
    letters, settled = _letters(connection)
    return {
        "sources": _sources(connection, project),
        "latest": latest[0] if latest else None,
        "last_success": _last_success(connection),
        "runs": _runs(connection, built),
        "run_totals": tuple(
            RunTotal(**row)
            for row in rows(
                connection,
                "select command, status, count(*) as runs, "
                "coalesce(sum(duration_ms), 0) / 1000 as seconds "
                "from ops.runs where ended_at is not null "
                "group by command, status order by command, status",
            )
        ),
        "receipt": receipt(connection, project, ended[0], is_now=True) if ended else None,
        "letters": letters,
        "settled": settled,
        "findings": tuple(checks_in_the_warehouse(connection)),
        "steps": tuple(steps_of(connection)),
        "stream_lags": tuple(
            StreamLag(**row)
            for row in rows(
                connection,
                "select source, partition, log_end - next_offset as records "
                "from ops.stream_offsets order by source, partition",
            )
        ),
    }


def _sources(connection: duckdb.DuckDBPyConnection, project: Project) -> tuple[SourceState, ...]:
    decided: dict[str, int] = {}
    outcomes: dict[str, dict[str, int]] = {}
    for source, outcome, decisions, first in connection.execute(
        "select source, outcome, count(*), count(*) filter (where attempt = 1) "
        # what a full delivery implies did not land
        "from ops.decisions where row_number is not null group by source, outcome"
    ).fetchall():
        outcomes.setdefault(source, dict.fromkeys(OUTCOMES, 0))[outcome] = decisions
        decided[source] = decided.get(source, 0) + first
    waiting = dict(
        connection.execute(
            "select source, sum(rows)::bigint from ops.unfinished_loads group by source"
        ).fetchall()
    )
    qualities = {
        source: (quality, run_id)
        for source, quality, run_id in connection.execute(
            "select source, max_by(quality, run_id), max(run_id) from ops.run_report "
            "where quality is not null group by source"
        ).fetchall()
    }
    arrivals: dict[str, Row] = {
        row["source"]: row for row in rows(connection, "select * from ops.source_freshness")
    }
    states = []
    for name, source in project.sources.items():
        arrival = arrivals.get(name, {})
        quality, run_id = qualities.get(name, (None, None))
        states.append(
            SourceState(
                name,
                source.entity,
                int(arrival.get("landed_rows") or 0),
                decided.get(name, 0),
                waiting.get(name, 0),
                outcomes.get(name, dict.fromkeys(OUTCOMES, 0)),
                quality,
                run_id,
                arrival.get("freshness") or "unknown",
                arrival.get("last_landed_at"),
                arrival.get("newest_event_at"),
            )
        )
    return tuple(states)


def _last_success(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    succeeded = runs(connection, f"{BUILDS} and status = '{RunStatus.SUCCEEDED}'")
    return succeeded[0].ended_at if succeeded else None


def _runs(connection: duckdb.DuckDBPyConnection, built: list[Run]) -> tuple[RunState, ...]:
    summed = ", ".join(f"sum({outcome})::bigint as {outcome}" for outcome in OUTCOMES)
    counted = {
        row.pop("run_id"): row
        for row in rows(
            connection,
            f"select run_id, {summed} from ops.run_entities "
            "where run_id in (select unnest(?::varchar[])) group by run_id",
            [[run.run_id for run in built]],
        )
    }
    nothing = dict.fromkeys(OUTCOMES, 0)
    return tuple(RunState(run, counted.get(run.run_id, nothing)) for run in built)


def _letters(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[tuple[LetterCount, ...], dict[str, int]]:
    """The open letters, and how many of the others there are by status."""
    counts = []
    settled = {"resolved": 0, "discarded": 0}
    for status, entity, source, error, reasons, letters, oldest in connection.execute(
        "select status, entity, source, error, reasons, count(*), min(first_seen) "
        "from ops.dead_letters group by status, entity, source, error, reasons "
        "order by count(*) desc, entity, source, error, reasons"
    ).fetchall():
        if status == "open":
            counts.append(LetterCount(entity, source, error, tuple(reasons), letters, oldest))
        else:
            settled[status] += letters
    return tuple(counts), settled


def steps_of(connection: duckdb.DuckDBPyConnection, run_id: str | None = None) -> list[Step]:
    """The slowest steps of a build, slowest first; by default of the latest that noted any."""
    found = rows(
        connection,
        "select step, kind, entity, duration_ms from ops.run_steps "
        "where run_id = coalesce(?, (select max(run_id) from ops.run_steps)) "
        "order by duration_ms desc, step",
        [run_id],
    )
    return [Step(**row) for row in found]
