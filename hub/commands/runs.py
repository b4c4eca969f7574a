"""`hub run`: lands everything new, builds and tests it."""

from datetime import datetime

import duckdb

from hub.commands.real_or_dry import run_real_or_dry
from hub.queries.target import Target
from hub.runs.run import RunResult, RunSpec
from hub.runs.spark_run import carry_out_on_spark
from loader.config.project import Project
from loader.landing.folder import Landing, land
from loader.logs import stage


def run(
    project: Project,
    *,
    skip: tuple[str, ...] = (),
    clock: datetime | None = None,
    force: bool = False,
    dry: bool = False,
    by_dbt: bool = False,
    target: Target = "duckdb",
) -> RunResult:
    """Land everything new, build and test it, and write the receipt.

    skip:  stages to switch off, besides those of `vars: skip`.
    clock: the moment that counts as now (UTC).
    force: build even if there is nothing new.
    dry:   work on a copy of the warehouse; afterwards nothing has changed.
    by_dbt: let dbt build even where its compiled plan could be executed.
    target: where to land and to build; with spark, neither dry nor by_dbt.
    """

    def land_everything(connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        with stage("land"):
            return land(connection, project, (), run_id, archives=not dry)

    project.require_sound()
    wanted = list(project.vars.skip)
    wanted += [word for word in map(project.stages.named, skip) if word not in wanted]
    spec = RunSpec("run", wanted, clock, force, land_everything, by_dbt=by_dbt)
    if target == "spark":
        return carry_out_on_spark(project, spec, lands=True)
    return run_real_or_dry(project, spec, dry)
