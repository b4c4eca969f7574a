"""Executes a compiled plan: the statements of a build, in dbt's order, on one connection."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import duckdb

from hub.runs.compiled_plan import CompiledPlan, Counts, Step
from loader import interrupts

# as macros/reports/store_steps.sql does for a build by dbt
_SLOWEST = 10


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
    *,
    in_full: bool,
) -> None:
    """Build and test the entities as dbt did when it left the plan; count what the run did.

    steps:   those of the plan that build and test the entities.
    in_full: whether to count and test all that there is, or what the run did.
    report:  is called before each step, with its number, how many there are, and its name.
    Raises StepFailed at the first statement or test that fails, and KeyboardInterrupt.
    """
    steps = list(steps)
    took: list[tuple[float, Step]] = []
    with _session(connection, plan):
        _carry_out(connection, "start", plan.start)
        for number, step in enumerate(steps, start=1):
            report(number, len(steps), f"{step.kind} {step.name}")
            started = time.perf_counter()
            if step.is_test:
                _test(connection, step, in_full=in_full)
            else:
                _build(connection, step)
            took.append((time.perf_counter() - started, step))
        for entity in entities:
            _count(connection, plan.counts[entity], in_full=in_full)
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


def _build(connection: duckdb.DuckDBPyConnection, step: Step) -> None:
    _carry_out(connection, step.name, step.transactions)


def _test(connection: duckdb.DuckDBPyConnection, step: Step, *, in_full: bool) -> None:
    *before, query = step.transactions[0]
    found = 0
    is_short = step.of_the_run and not in_full
    with _failing_as(connection, step.name):
        for asked in step.of_the_run if is_short else before:
            found += len(connection.execute(asked).fetchall())
        if not is_short:
            ((failures, _, is_failed),) = connection.execute(query).fetchall()
            found += failures if is_failed else 0
    if found:
        raise StepFailed(step.name, f"{found} rows")


def _count(connection: duckdb.DuckDBPyConnection, counts: Counts, *, in_full: bool) -> None:
    held = counts.in_full if in_full or counts.from_before is None else counts.from_before
    _carry_out(connection, "counts", [(counts.of_the_run, held)])


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
