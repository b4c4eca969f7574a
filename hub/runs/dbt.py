"""Drives dbt in this process."""

import contextlib
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

from hub.runs.changes import Work
from loader import interrupts
from loader.config.project import Project


def build(
    project: Project,
    run_id: str,
    skip: list[str],
    work: Work,
    scratch: Path | None = None,
    proves_all: bool = True,
    listen: Callable[[Any], None] = lambda event: None,
    report: Callable[[int, int, str], None] = lambda number, total, step: None,
    lakehouse: str | None = None,
) -> Any:
    """Build and test the models of the open run; return dbt's result.

    skip:     the stages to switch off.
    work:     what to build. Unless it is all entities, what they share is left as it stands.
    scratch:  a folder for dbt's own files, where the project's target folder must stay as it is.
    proves_all: whether to test, of all entities, that nothing is lost, or only of those built.
    listen:   is called with each of dbt's events.
    report:   is called before each step, with its number, how many there are, and its name.
    lakehouse: the root of its tables, for Spark to build them; None: DuckDB builds the warehouse.

    What fails in the build is in the log of runs, where dbt's hook writes it.
    """
    arguments = [
        "build",
        # unit tests guard changes of the code; they say nothing of the data
        *("--exclude-resource-type", "unit_test"),
    ]
    if not work.views:  # each takes as long as a small table
        arguments += ["--exclude", "config.materialized:view"]
    if work.entities != project.entities:
        selected = [f"tag:{entity}" for entity in work.entities]
        arguments += ["--select", *selected, *(["test_type:data"] if proves_all else [])]
    if skip != project.vars.skip:
        arguments += ["--vars", json.dumps({"skip": skip})]
    settings = {"HUB_RUN_ID": run_id}
    if lakehouse:
        settings["SPARK_WAREHOUSE"] = lakehouse
        arguments += ["--target", "spark"]
        # dbt keeps what it parsed for one target alone, so each has a folder
        scratch = project.root / "target" / "spark"
    if scratch:
        arguments += ["--target-path", str(scratch)]
    # dbt calls back from threads of its own, which know neither run nor stage
    context = copy_context()

    def hear(event: Any) -> None:
        listen(event)
        if event.info.name == "LogStartLine":
            started = event.data
            context.copy().run(report, started.index, started.total, started.description)

    return invoke(project, arguments, settings, hear)


@contextlib.contextmanager
def _cycles_left_alone() -> Iterator[None]:
    """Let Python not look for cycles meanwhile: dbt makes a million objects that stay, and each
    look at them takes a tenth of a second. What could be freed is found after the build."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_cycles_left_alone()
def invoke(
    project: Project,
    arguments: list[str],
    settings: dict[str, str],
    listen: Callable[[Any], None],
    parsed: Any = None,
) -> Any:
    """Run dbt with `settings` as environment; returns its result. Raises KeyboardInterrupt.

    parsed: dbt's manifest of the project, which it would otherwise parse.
    """
    # importing dbt takes longer than most commands: only a build pays for it
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    arguments = [
        *arguments,
        *("--project-dir", str(project.root)),
        *("--profiles-dir", str(project.root)),
        # a sixth of a small run's time goes into files that nothing here reads
        "--no-write-json",
        # what goes wrong is told once, in the receipt
        *("--log-level", "none"),
        *("--log-level-file", "none"),
    ]
    if "HUB_DATABASE" in os.environ or Path("warehouse.duckdb").absolute() != project.database:
        # otherwise the profile's own default is the same file; dbt parses the whole project
        # again whenever this variable is not what it was the last time
        settings = {**settings, "HUB_DATABASE": str(project.database)}
    with _environment(settings), contextlib.redirect_stdout(sys.stderr):
        try:
            outcome = dbtRunner(manifest=parsed, callbacks=[listen]).invoke(arguments)
        finally:
            # dbt keeps the file open, and with it locked, until the process ends
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if isinstance(outcome.exception, KeyboardInterrupt) or interrupts.requested():
        raise KeyboardInterrupt
    return outcome


@contextlib.contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
