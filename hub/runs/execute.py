"""Executes a compiled plan: the statements of a build, in dbt's order, on one connection."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum

import duckdb

from hub.runs.compiled_plan import CompiledPlan, Counts, Step
from loader import interrupts

log = logging.getLogger(__name__)

# as macros/reports/store_steps.sql does for a build by dbt
_SLOWEST = 10


class Counting(Enum):
    """How much a run counts and proves.

    OF_THE_RUN: what it did itself, added to the counts of the run before.
    IN_FULL:    all that there is.
    AS_PROOF:   all that there is, compared with what the counts of the run before give.
    """

    OF_THE_RUN = "of the run"
    IN_FULL = "in full"
    AS_PROOF = "as proof"


class StepFailed(Exception):
    """A step of the plan failed; what came before it is committed."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(f"{step}: {message}")
        self.step = step


def execute(
    connection: duckdb.DuckDBPyConnection,
    plan: CompiledPlan,
    entities: tuple[str, ...],
    steps: Iterable[Step],
    run_id: str,
    report: Callable[[int, int, str], None],
    counting: Counting,
) -> None:
    """Build and test the entities as dbt did when it left the plan; count what the run did.

    Of an entity that is not built, a run that proves what it did itself has nothing to prove.

    steps:  those of the plan that build and test the entities.
    report: is called before each step, with its number, how many there are, and its name.
    Raises StepFailed at the first statement or test that fails, and KeyboardInterrupt.
    """
    if counting is Counting.OF_THE_RUN:
        steps = (step for step in steps if not step.of_the_run or {*step.entities} & {*entities})
    steps = list(steps)
    took: list[tuple[float, Step]] = []
    with _session(connection, plan):
        _carry_out(connection, "start", plan.start)
        for number, step in enumerate(steps, start=1):
            report(number, len(steps), f"{step.kind} {step.name}")
            started = time.perf_counter()
            if not step.is_test:
                _carry_out(connection, step.name, step.transactions)
            elif found := failures_of(connection, step, counting):
                raise StepFailed(step.name, f"{found} rows")
            took.append((time.perf_counter() - started, step))
        for entity in entities:
            _count(connection, entity, plan.counts[entity], run_id, counting)
    _store_slowest(connection, run_id, took)


@contextmanager
def _session(connection: duckdb.DuckDBPyConnection, plan: CompiledPlan) -> Iterator[None]:
    """Make the connection what the profile wants, until the block is left."""
    before = _databases(connection)
    for statement in plan.session:
        connection.execute(statement)
    try:
        yield
    finally:
        # a database that was given up, on a full disk, lets go of nothing
        with suppress(duckdb.Error):
            for name in _databases(connection) - before:
                connection.execute(f"detach {name}")


def _databases(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute("select database_name from duckdb_databases()").fetchall()
    return {name for (name,) in found}


def failures_of(connection: duckdb.DuckDBPyConnection, step: Step, counting: Counting) -> int:
    """How many rows fail a test. Raises StepFailed where it cannot be asked."""
    *before, query = step.transactions[0]
    is_short = step.of_the_run and counting is Counting.OF_THE_RUN
    with _failing_as(connection, step.name):
        found = 0
        for asked in step.of_the_run if is_short else before:
            found += len(connection.execute(asked).fetchall())
        if not is_short:
            ((failures, _, is_failed),) = connection.execute(query).fetchall()
            found += failures if is_failed else 0
        return found


def _count(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    counts: Counts,
    run_id: str,
    counting: Counting,
) -> None:
    if counts.from_before is None or counting is Counting.IN_FULL:
        _carry_out(connection, "counts", [(counts.of_the_run, counts.in_full)])
    elif counting is Counting.OF_THE_RUN:
        _carry_out(connection, "counts", [(counts.of_the_run, counts.from_before)])
    else:
        with _failing_as(connection, "counts"):
            connection.execute("begin")
            connection.execute(counts.of_the_run)
            connection.execute(counts.from_before)
            followed = _counted(connection, entity, run_id)
            connection.execute("rollback")
        _carry_out(connection, "counts", [(counts.of_the_run, counts.in_full)])
        if wrong := followed ^ _counted(connection, entity, run_id):
            log.warning(
                "%s: since all was counted last, the runs had counted wrong: %s",
                entity,
                ", ".join(sorted({measure for _, measure, _ in wrong})),
            )


def _counted(
    connection: duckdb.DuckDBPyConnection, entity: str, run_id: str
) -> set[tuple[str | None, str, int]]:
    """What a run has counted of an entity: source, measure, amount."""
    return set(
        connection.execute(
            "select source, measure, amount from ops.run_counts where run_id = ? and entity = ? "
            "and measure <> 'runs since all was counted'",
            [run_id, entity],
        ).fetchall()
    )


def _carry_out(
    connection: duckdb.DuckDBPyConnection, name: str, transactions: Iterable[tuple[str, ...]]
) -> None:
    for transaction in transactions:
        with _failing_as(connection, name):
            connection.execute("begin")
            for statement in transaction:
                connection.execute(statement)
            connection.execute("commit")


@contextmanager
def _failing_as(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    """Undo the transaction where a statement of the block fails, and say where that was."""
    try:
        if interrupts.requested():  # and lost, if it came while something was finalized
            raise KeyboardInterrupt
        yield
    except (duckdb.Error, KeyboardInterrupt) as error:
        with suppress(duckdb.Error):
            connection.rollback()
        # DuckDB turns a signal that meets it in a query into an error of its own
        if interrupts.requested():
            raise KeyboardInterrupt from error
        raise StepFailed(name, str(error)) from error


def _store_slowest(
    connection: duckdb.DuckDBPyConnection, run_id: str, took: list[tuple[float, Step]]
) -> None:
    slowest = sorted(took, key=lambda each: each[0], reverse=True)[:_SLOWEST]
    connection.executemany(
        "insert into ops.run_steps (run_id, step, kind, entity, status, duration_ms) "
        "values (?, ?, ?, ?, ?, ?)",
        [
            (
                run_id,
                step.name,
                step.kind,
                step.entities[0] if len(step.entities) == 1 else None,
                "pass" if step.is_test else "success",
                round(seconds * 1000),
            )
            for seconds, step in slowest
        ],
    )
