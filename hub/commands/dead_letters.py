"""What is done with dead letters: `hub redrive`, `hub discard`."""

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
from hub.runs.publishing import changing
from hub.runs.run import RunResult, RunSpec
from loader.config.project import Project
from loader.landing.folder import Landing
from loader.warehouse.connection import open_warehouse, read_warehouse, require_warehouse


def redrive(
    project: Project, choice: DeadLetterChoice, *, clock: datetime | None = None, dry: bool = False
) -> RunResult:
    """Decide open dead letters again, from their raw text, under the present rules.

    The result's `afterwards` has the chosen dead letters as they stand then; its receipt warns of
    those that were left out, as their source is registered no more. clock and dry are as for `run`.
    Raises WrongUse where such letters were asked for by their source or record, and for an unknown
    entity or source.
    """
    _require_known_entity(project, choice)
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
    return run_real_or_dry(project, spec, dry)


def discard(
    project: Project, choice: DeadLetterChoice, discarded_by: str, reason: str
) -> list[dict[str, Any]]:
    """Mark open dead letters as discarded, with who and why; returns them. Deletes nothing.

    Raises WrongUse for an unknown entity or source; a source that is registered no more may have
    dead letters.
    """
    _require_known_entity(project, choice)
    require_warehouse(project)
    with changing(project), open_warehouse(project) as connection:
        check_source(connection, choice, project.sources)
        return discard_dead_letters(connection, choice, discarded_by, reason)


def _require_known_entity(project: Project, choice: DeadLetterChoice) -> None:
    if choice.entity is not None:
        project.require_entity(choice.entity)
