"""What publishing costs: the part of the benchmark, and the process that runs and publishes."""

import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from msgspec import structs

from tests.bench.findings import Finding, sizes_of
from tests.bench.session import Session


def publishing(session: Session) -> list[Finding]:
    """Publishing what an increment has changed, against copying the whole warehouse."""
    bench, options = session.bench, session.options
    findings = []
    for history in options.histories:
        bench.restore(session.history(history))
        bench.drop("app")
        files = [
            bench.file("events", "ndjson", history + number * options.batch, options.batch, history)
            for number in range(options.increments + 2)
        ]
        found = json.loads(bench.python("-m", __name__, *files).output)
        what = f"of publishing {options.batch:,} new records to a copy of the whole warehouse"
        ours, copying = median(found["publish"]), median(found["copy"])
        written, size = median(found["written"]), median(found["size"])
        findings += [
            Finding(
                "publish",
                f"CPU {what}",
                history,
                ours / copying,
                "x",
                0.05,
                f"{ours * 1000:.1f} ms / {copying * 1000:.0f} ms",
                found,
            ),
            Finding(
                "publish",
                f"bytes written {what}",
                history,
                written / size,
                "x",
                0.01,
                sizes_of(written, size),
            ),
        ]
    return findings


def main() -> None:
    """Run with one file more after the other; print the CPU seconds of each publication, and of a
    copy of the warehouse as it is then. The first two publications have no base."""
    import logging

    from hub.commands import runs
    from hub.runs import publishing
    from loader.config.project import open_project
    from loader.warehouse import snapshots

    logging.disable(logging.CRITICAL)
    project = open_project()
    project = replace(project, vars=structs.replace(project.vars, publish=True))
    found: dict[str, list[float]] = {"publish": [], "copy": [], "written": [], "size": []}
    made: list[snapshots.Publication] = []

    def timed(database: Path, *, is_whole: bool = False) -> snapshots.Publication | None:
        begun = time.process_time()
        publication = snapshots.publish(database, is_whole=is_whole)
        found["publish"].append(time.process_time() - begun)
        if publication:
            made.append(publication)
        return publication

    publishing.publish = timed
    for file in sys.argv[1:]:
        shutil.copy(file, project.landing / "app")
        runs.run(project)
        begun = time.process_time()
        shutil.copyfile(project.database, project.root / "whole.copy")
        found["copy"].append(time.process_time() - begun)
    found["written"] = [each.written for each in made]
    found["size"] = [each.size for each in made]
    print(json.dumps({name: values[2:] for name, values in found.items()}))


if __name__ == "__main__":
    main()
