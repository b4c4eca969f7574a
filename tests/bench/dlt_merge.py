"""The part that compares with dlt, and, run by a Python that has dlt, what is compared."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bench.findings import Finding
    from tests.bench.measure import Usage
    from tests.bench.session import Session

# how many records are merged, whatever the session's size
_RECORDS = 100_000


def dlt(session: Session) -> list[Finding]:
    """`hub run` against dlt's merge of the same records, where HUB_DLT_PYTHON names a Python."""
    # not above: a Python that has dlt runs this file by itself
    from tests.bench import measure
    from tests.bench.findings import ratio

    python = os.environ.get("HUB_DLT_PYTHON")
    if not python:
        return []
    bench = session.bench
    records = min(_RECORDS, session.options.records)
    file = bench.file("events", "ndjson", 0, records)
    environment = {
        name: value for name, value in bench.environment.items() if name != "PYTHONPATH"
    } | {"RUNTIME__DLTHUB_TELEMETRY": "false"}

    def merge() -> Usage:
        folder = bench.fresh_folder("dlt")
        environment["DLT_DATA_DIR"] = str(folder)
        return measure.run([python, "-I", Path(__file__), file], folder, environment)

    def hub() -> Usage:
        bench.empty()
        bench.drop("app", file)
        return bench.hub("run")

    measured = measure.in_turn(session.options.repeat, {"dlt merge": merge, "hub run": hub})
    return [
        ratio(
            "dlt",
            "CPU of hub run to dlt's JSON merge",
            records,
            measured,
            ("hub run", "dlt merge"),
            0.2,
        )
    ]


def main() -> None:
    """Merge the records of a file by their key, with dlt's defaults."""
    import dlt as library  # type: ignore[import-not-found]

    pipeline = library.pipeline(
        "events", destination=library.destinations.duckdb("warehouse.duckdb"), dataset_name="merged"
    )
    events = library.resource(
        _readable(Path(sys.argv[1])), name="events", write_disposition="merge", primary_key="key"
    )
    pipeline.run(events).raise_on_failed_jobs()


def _readable(file: Path) -> Iterator[dict[str, Any]]:
    """The records that can be read: the others would stop it."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                continue


if __name__ == "__main__":
    main()
