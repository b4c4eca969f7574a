"""Increments in a process that stays: the parts of the benchmark, and the process itself."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.findings import Finding
from tests.bench.session import Session


def warm(session: Session) -> list[Finding]:
    """Increments in a process that ran the hub before. `hub run` takes all entities at once."""
    bench, options = session.bench, session.options
    history = options.histories[0]
    kept = session.history(history)
    files = [
        bench.file("events", "ndjson", history + number * options.batch, options.batch, history)
        for number in range(options.increments + 1)
    ]
    findings = []
    for way, what, is_goal in (
        ("hub", "hub run, all entities", True),
        ("dbt", "hub land and dbt build of events, manifest kept", False),
    ):
        bench.restore(kept)
        bench.drop("app")
        found = json.loads(bench.python("-m", __name__, way, *files).output)
        for figure, goal in (("cpu", 1.0), ("wall", 1.2)):
            findings.append(
                Finding(
                    "warm",
                    f"{'CPU' if figure == 'cpu' else 'wall time'} of {what}, "
                    f"median of {options.increments} times {options.batch:,} new records",
                    history,
                    median(found[figure]),
                    "s",
                    goal if is_goal else None,
                    sides={what: {figure: [round(value, 3) for value in found[figure]]}},
                )
            )
    return findings


def main() -> None:
    """Take one file after the other; print the seconds that each but the first one took."""
    import logging

    from loader import hub
    from loader.project import open_project

    way, *files = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    project = open_project()
    take: Callable[[], Any]
    if way == "hub":

        def take() -> None:
            if hub.run(project).failed:
                raise SystemExit("the run failed")
    else:
        take = _dbt_for_one_entity(project)

    spent: dict[str, list[float]] = {"cpu": [], "wall": []}
    for file in map(Path, files):
        (project.landing / "app" / file.name).hardlink_to(file)
        before = time.process_time(), time.monotonic()
        take()
        spent["cpu"].append(time.process_time() - before[0])
        spent["wall"].append(time.monotonic() - before[1])
    print(json.dumps({figure: values[1:] for figure, values in spent.items()}))


def _dbt_for_one_entity(project: Any) -> Callable[[], None]:
    """Land the files of one source and build its entity, with the project parsed beforehand."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from loader import hub

    quietly = ("--log-level", "none", "--log-level-file", "none", "--no-write-json")
    manifest: Any = dbtRunner().invoke(["parse", *quietly]).result
    build = ("build", "--select", "tag:events", "--exclude-resource-type", "unit_test", *quietly)

    def take() -> None:
        hub.land_files(project, ("app",))
        try:
            # a build leaves its compiled SQL in the manifest, and from there the next one would
            # take it, without that of the ephemeral models
            outcome: Any = dbtRunner(manifest=manifest.deepcopy()).invoke(list(build))
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        if not outcome.success:
            failed = [node.message for node in outcome.result or () if node.status == "error"]
            raise SystemExit(f"the build failed: {outcome.exception or failed}")

    return take


if __name__ == "__main__":
    main()
