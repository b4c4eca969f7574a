"""Increments in a process that stays: the parts of the benchmark, and the process itself."""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.findings import Finding
from tests.bench.session import Session


def warm(session: Session) -> list[Finding]:
    """Increments in a process that ran the hub before."""
    bench, options = session.bench, session.options
    history = options.histories[0]
    kept = session.history(history)
    files = [
        bench.file("events", "ndjson", history + number * options.batch, options.batch, history)
        for number in range(options.increments + 1)
    ]
    findings = []
    for way, what, is_goal in (
        ("run", "hub run", False),
        ("one source", "a run of one source, as in a stream", True),
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

    from hub.commands import runs
    from loader.config.project import open_project

    way, *files = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    project = open_project()
    take = _run_of_one_source(project) if way == "one source" else partial(runs.run, project)

    spent: dict[str, list[float]] = {"cpu": [], "wall": []}
    for file in map(Path, files):
        (project.landing / "app" / file.name).hardlink_to(file)
        before = time.process_time(), time.monotonic()
        if take().failed:
            raise SystemExit("the run failed")
        spent["cpu"].append(time.process_time() - before[0])
        spent["wall"].append(time.monotonic() - before[1])
    print(json.dumps({figure: values[1:] for figure, values in spent.items()}))


def _run_of_one_source(project: Any) -> Callable[[], Any]:
    """Land the files of one source and build its entity."""
    from hub.runs.run import RunSpec, carry_out
    from loader.landing.folder import land

    spec = RunSpec(
        "run",
        [],
        clock=None,
        force=False,
        prepare=lambda connection, run_id: land(connection, project, ("app",), run_id),
        proves_all=False,
    )
    return partial(carry_out, project, spec)


if __name__ == "__main__":
    main()
