"""After a change of rules: `hub reprocess`, `hub contract diff`."""

from datetime import datetime
from typing import Any

import duckdb

from hub.commands.real_or_dry import run_real_or_dry
from hub.queries.contract_diff import compare, landed_sources
from hub.queries.reprocess import (
    ReprocessChoice,
    changed_sides,
    check_choice,
    remember_removed,
    request_reprocess,
)
from hub.queries.target import Target, read_target_itself
from hub.runs.run import RunResult, RunSpec
from hub.runs.spark_run import carry_out_on_spark
from hub.runs.working_contract import working_contract
from loader.config.project import Project
from loader.landing.folder import Landing
from loader.warehouse.latest import read_latest
from loader.warehouse.run_log import find_run


def reprocess(
    project: Project,
    choice: ReprocessChoice,
    *,
    clock: datetime | None = None,
    dry: bool = False,
    target: Target = "duckdb",
) -> RunResult:
    """Decide all records of the chosen keys again, from their raw text, under the present rules.

    The result's `afterwards` has what changed, as `changed_sides` returns it. clock, dry and
    target are as for `run`. Raises WrongUse for an entity or a source that there is none of.
    """
    project.require_sound()
    project.require_entity(choice.entity)
    with read_target_itself(project, target) as connection:
        check_choice(connection, project, choice)

    def request(connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        remember_removed(connection, project, choice.entity)
        request_reprocess(connection, choice)
        return Landing((), ())

    def look_again(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[dict[str, Any]]:
        return changed_sides(connection, choice.entity, run_id)

    spec = RunSpec("reprocess", list(project.vars.skip), clock, False, request, look_again)
    if target == "spark":
        return carry_out_on_spark(project, spec, lands=False)
    return run_real_or_dry(project, spec, dry)


def contract_diff(project: Project, entity: str) -> dict[str, Any]:
    """What the contract as it is written now would decide otherwise. Builds nothing.

    Raises WrongUse for an unknown entity.
    """
    project.require_entity(entity)
    with read_latest(project) as reading:
        find_run(reading.connection)  # without a build there is nothing to compare with
        landed = landed_sources(reading.connection, project, entity)
    working = working_contract(project, entity, landed)
    with read_latest(project) as reading:
        difference = compare(reading.connection, entity, working.version, working.check_sql)
        return reading.dated(difference)
