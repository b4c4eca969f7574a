"""The least that can be done with a file: read it into one table of a new database."""

import sys
from pathlib import Path

import duckdb

_READERS = {
    ".ndjson": "read_json({}, format = 'newline_delimited', ignore_errors = true, columns = "
    "{{'key': 'varchar', 'name': 'varchar', 'value': 'double', 'ts': 'timestamp'}})",
    ".csv": "read_csv({}, header = true, all_varchar = true)",
    ".parquet": "read_parquet({})",
}


def main() -> None:
    """Read the file named first into the database named second."""
    file, database = map(Path, sys.argv[1:])
    with duckdb.connect(str(database)) as connection:
        reader = _READERS[file.suffix].format(f"'{file}'")
        connection.execute(f"create table records as select * from {reader}")


if __name__ == "__main__":
    main()
