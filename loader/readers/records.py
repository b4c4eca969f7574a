"""One file's bytes to its records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from loader.readers.batch import Batch, Lines
from loader.readers.csv.rows import read_csv
from loader.readers.formats import FileFormat
from loader.readers.json.array import read_json
from loader.readers.json.ndjson import read_ndjson
from loader.readers.parquet.rows import read_parquet
from loader.readers.text import TextSource


def read_records(
    file: BinaryIO, fmt: FileFormat, memory: str | None = None
) -> Iterator[Batch | Lines]:
    """All records of a seekable file of raw bytes, in file order, from its start.

    memory: what reading Parquet may take, as DuckDB writes it: 2GB, 50%.

    What is wrong with one record stands in its `problem`; raises UnreadableFile, at any point of
    the iteration, where the file as a whole cannot be trusted.
    """
    if fmt.kind == "parquet":
        yield from read_parquet(file, fmt, memory)
        return
    source = TextSource(file, fmt)
    if fmt.kind == "json":
        yield from read_json(source)
    elif fmt.kind == "ndjson":
        yield from read_ndjson(source)
    else:
        yield from read_csv(source, fmt.dialect)
