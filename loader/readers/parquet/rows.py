"""Parquet: each row as a JSON object whose values are those of the file, digit by digit."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import duckdb

from loader.readers.batch import Batch, in_batches
from loader.readers.bytestream import byte_chunks
from loader.readers.errors import UnreadableFile
from loader.readers.formats import FileFormat
from loader.readers.parquet.as_json import literal, row_as_json

_MAGIC = b"PAR1"
_ROWS_PER_FETCH = 2_000
# One thread, so that the rows come in the order of the file.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "threads": 1,
}


def read_parquet(file: BinaryIO, fmt: FileFormat) -> Iterator[Batch]:
    """One record per row, in file order. Raises UnreadableFile: 'damaged_parquet',
    'truncated_parquet'."""
    with _copied(file, fmt) as (connection, path):
        scan = "read_parquet(?, hive_partitioning = false, binary_as_string = false)"
        # column names are quoted by row_as_json, the path is a parameter
        rows = connection.execute(f"select * from {scan} limit 0", [path])
        found = [(name, kind) for name, kind, *_ in rows.description or []]
        columns = [
            (shown_as, name, kind)
            for shown_as, (name, kind) in zip(_names(connection, path, found), found, strict=True)
        ]
        connection.execute(f"select {row_as_json(columns)} from {scan}", [path])
        texts = iter(lambda: connection.fetchmany(_ROWS_PER_FETCH), [])
        yield from in_batches((text, None, None) for rows in texts for (text,) in rows)


def count_parquet(file: BinaryIO, fmt: FileFormat) -> int:
    """The number of rows, by the file's own metadata; its data is not read."""
    with _copied(file, fmt) as (connection, path):
        found = connection.execute(
            "select num_rows from parquet_file_metadata(?)", [path]
        ).fetchone()
        return int(found[0]) if found else 0


def _names(
    connection: duckdb.DuckDBPyConnection, path: str, found: list[tuple[str, Any]]
) -> list[str]:
    """The columns' names as they stand in the file, if all are there and differ.

    DuckDB also gives a new name to one that differs from another by case only.
    """
    names: list[str] = []
    below = 0
    # The schema comes in depth-first order after its root.
    _, *elements = connection.execute(
        "select name, coalesce(num_children, 0) from parquet_schema(?)", [path]
    ).fetchall()
    for name, children in elements:
        if below:
            below += children - 1
        else:
            names.append(name)
            below = children
    return names if len(set(names) - {""}) == len(found) else [name for name, _ in found]


@contextmanager
def _copied(file: BinaryIO, fmt: FileFormat) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A database of its own, in memory, that can read one file: a private copy of this one."""
    with TemporaryDirectory(prefix="hub-parquet-") as folder:
        path = Path(folder, "rows.parquet")
        with path.open("wb") as copy:
            for chunk in byte_chunks(file, fmt.compression):
                copy.write(chunk)
        _check_magic(path)
        try:
            with duckdb.connect(":memory:", config=_SETTINGS) as connection:
                _confine(connection, folder)
                # The path of a temporary folder may hold what DuckDB takes for a pattern.
                yield connection, glob.escape(str(path))
        except (duckdb.Error, UnicodeError, RuntimeError) as error:
            # a RuntimeError: a column's name is not UTF-8, or types are nested too deeply
            first_line = str(error).strip().partition("\n")[0].replace(str(path), path.name)
            raise UnreadableFile(
                "damaged_parquet", f"the Parquet file cannot be read: {first_line}"
            ) from error


def _confine(connection: duckdb.DuckDBPyConnection, folder: str) -> None:
    """Let it read that folder and nothing else, for good."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set temp_directory = ''")
    # What the file says of itself may be wrong: that a column has no nulls, for instance.
    connection.execute("set disabled_optimizers = 'statistics_propagation'")
    # The patterns that DuckDB takes paths for are compared as they are written.
    folders = ", ".join(map(literal, (folder, glob.escape(folder))))
    connection.execute(f"set allowed_directories = [{folders}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _check_magic(path: Path) -> None:
    with path.open("rb") as copy:
        head = copy.read(len(_MAGIC))
        size = copy.seek(0, os.SEEK_END)
        copy.seek(max(size - len(_MAGIC), 0))
        tail = copy.read()
    if not _MAGIC.startswith(head):
        raise UnreadableFile("damaged_parquet", "a Parquet file begins with PAR1, this one not")
    if tail != _MAGIC or size < 2 * len(_MAGIC):
        raise UnreadableFile("truncated_parquet", "the Parquet file ends before its footer")
