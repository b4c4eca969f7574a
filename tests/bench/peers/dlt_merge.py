"""Merges a file of events by their key with dlt, into warehouse.duckdb; for a Python that has dlt.

dlt_merge.py json FILE     as dlt takes JSON, with its defaults
dlt_merge.py arrow FILE    typed, as Arrow: of a key within the file the newest stays; against
                           the table nothing is compared
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb

_READ = """
    select * from read_json(
        $file,
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {'key': 'varchar', 'name': 'varchar', 'value': 'double', 'ts': 'timestamp'}
    )
    where key is not null
"""


def main() -> None:
    form, file = sys.argv[1:]
    pipeline = dlt.pipeline(
        "events",
        destination=dlt.destinations.duckdb("warehouse.duckdb"),
        dataset_name="merged",
        pipelines_dir="pipelines",
    )
    events = dlt.resource(
        {"json": _as_json, "arrow": _as_arrow}[form](file),
        name="events",
        write_disposition="merge",
        primary_key="key",
        columns={"ts": {"dedup_sort": "desc"}} if form == "arrow" else None,
    )
    pipeline.run(events).raise_on_failed_jobs()


def _as_json(file: str) -> Iterator[dict[str, Any]]:
    """The records that can be read: the others would stop it."""
    with Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _as_arrow(file: str) -> list[Any]:
    return [duckdb.sql(_READ, params={"file": file}).to_arrow_table()]


if __name__ == "__main__":
    main()
