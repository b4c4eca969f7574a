"""What is done with dead letters: `hub redrive`, `hub discard`."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb

from hub.commands.real_or_dry import run_real_or_dry
from hub.queries.dead_letters import (
    DeadLetterChoice,
    check_redrive,
    check_source,
    dead_letters_by_id,
    discard_dead_letters,
    left_out_of_redrive,
    request_redrive,
)
from hub.queries.target import Target, lakehouse_of_target, read_target_itself
from hub.runs.publishing import changing
from hub.runs.run import RunResult, RunSpec
from hub.runs.spark_run import carry_out_on_spark
from loader.config.project import Project
from loader.landing.folder import Landing
from loader.warehouse.connection import open_warehouse, require_warehouse


def redrive(
    project: Project,
    choice: DeadLetterChoice,
    *,
    clock: datetime | None = None,
    dry: bool = False,
    target: Target = "duckdb",
) -> RunResult:
    """Decide open dead letters again, from their raw text, under the present rules.

    The result's `afterwards` has the chosen dead letters as they stand then; its receipt warns of
    those that were left out, as their source is registered no more. clock, dry and target are as
    for `run`. Raises WrongUse where such letters were asked for by their source or record, and for
    an unknown entity or source.
    """
    _require_known_entity(project, choice)
    project.require_sound()
    with read_target_itself(project, target) as connection:
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
    if target == "spark":
        return carry_out_on_spark(project, spec, lands=False)
    return run_real_or_dry(project, spec, dry)


def discard(
    project: Project,
    choice: DeadLetterChoice,
    discarded_by: str,
    reason: str,
    target: Target = "duckdb",
) -> list[dict[str, Any]]:
    """Mark open dead letters as discarded, with who and why; returns them. Deletes nothing.

    Raises WrongUse for an unknown entity or source; a source that is registered no more may have
    dead letters.
    """
    _require_known_entity(project, choice)
    with _open_discards(project, target) as connection:
        check_source(connection, choice, project.sources)
        return discard_dead_letters(connection, choice, discarded_by, reason)


@contextlib.contextmanager
def _open_discards(project: Project, target: Target) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can add to the discards of a target."""
    if target == "duckdb":
        require_warehouse(project)
        with changing(project), open_warehouse(project) as connection:
            yield connection
        return
    place = lakehouse_of_target()
    # imported here because few need it
    from loader.delta.reading import read_lakehouse

    with read_lakehouse(project, place, ["ops.discards"]) as reading:
        yield reading.connection
        reading.keep_added()


def _require_known_entity(project: Project, choice: DeadLetterChoice) -> None:
    if choice.entity is not None:
        project.require_entity(choice.entity)
