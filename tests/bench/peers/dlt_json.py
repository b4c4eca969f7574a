"""Merges a file of events by their key with dlt's defaults; for a Python that has dlt."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt


def main() -> None:
    pipeline = dlt.pipeline(
        "events",
        destination=dlt.destinations.duckdb("warehouse.duckdb"),
        dataset_name="merged",
        pipelines_dir="pipelines",
    )
    events = dlt.resource(
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
