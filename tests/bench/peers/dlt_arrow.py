"""Merges a file of events by their key with dlt, which gets them typed, as Arrow; for a Python
that has dlt. Of a key within the file the newest stays; against the table nothing is compared."""

import sys

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
    events = duckdb.sql(_READ, params={"file": sys.argv[1]}).to_arrow_table()
    pipeline = dlt.pipeline(
        "events",
        destination=dlt.destinations.duckdb("warehouse.duckdb"),
        dataset_name="merged",
        pipelines_dir="pipelines",
    )
    resource = dlt.resource(
        [events],
        name="events",
        write_disposition="merge",
        primary_key="key",
        columns={"ts": {"dedup_sort": "desc"}},
    )
    pipeline.run(resource).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
