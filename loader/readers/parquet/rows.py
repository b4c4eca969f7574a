"""Parquet: each row as a JSON object whose values are those of the file, digit by digit."""

from __future__ import annotations

import glob
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from loader.readers.batch import BATCH_CHARS, MAX_RECORD_BYTES, Batch, Lines, in_batches
from loader.readers.bytestream import byte_chunks
from loader.readers.formats import FileFormat
from loader.readers.parquet.as_json import MACROS, has_json, literal, members_as_json
from loader.readers.parquet.footer import MAGIC, Footer, read_footer, written_footer
from loader.readers.parquet.pages import check_pages
from loader.readers.parquet.process import READER
from loader.readers.parquet.shapes import plan
from loader.readers.parquet.thrift import Struct

# What the reading process may take, where nobody says how much.
MEMORY = "768MiB"
_LINE_END = "\n"


def read_parquet(
    file: BinaryIO, fmt: FileFormat, memory: str | None = None
) -> Iterator[Batch | Lines]:
    """One record per row, in file order.

    memory: what reading may take, as DuckDB writes it: 2GB, 50%.

    Raises UnreadableFile: 'damaged_parquet', 'truncated_parquet', 'encrypted_parquet',
    'unsupported_parquet', 'too_deep', 'record_too_big', 'out_of_memory'.
    """
    with _copied(file, fmt) as copy:
        footer = _checked(copy)
        row, elements = plan(footer.root)
        # JSON that stands in a column is kept as it is, with its line ends
        separator = "\0" if has_json(row) else _LINE_END
        _replace_footer(copy, footer, elements)
        folder = str(copy.parent)
        request = {
            # The path of a temporary folder may hold what DuckDB takes for a pattern.
            "path": glob.escape(str(copy)),
            "memory": memory or MEMORY,
            "set_up": [*MACROS, *_confinement(folder)],
            "types": [shape.sql_type for _, _, shape in row.members],
            "members": members_as_json(row),
            "separator": separator,
            "most_chars": MAX_RECORD_BYTES,
        }
        for text in READER.texts(request):
            if separator == _LINE_END and len(text) <= BATCH_CHARS:
                yield Lines(text)
            else:
                yield from in_batches((record, None, None) for record in text.split(separator))


def count_parquet(file: BinaryIO, fmt: FileFormat) -> int:
    """The number of rows, by the file's own metadata; its data is not read."""
    if fmt.compression is None:
        return read_footer(file).rows
    with _copied(file, fmt) as copy, copy.open("rb") as whole:
        return read_footer(whole).rows


def _checked(path: Path) -> Footer:
    """The footer of a file of which all is well, as far as it can be told without its values."""
    with path.open("rb") as file:
        footer = read_footer(file)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            check_pages(data, footer)
    return footer


def _replace_footer(path: Path, footer: Footer, elements: list[Struct]) -> None:
    own = written_footer(footer, elements)
    with path.open("r+b") as file:
        file.truncate(footer.start)
        file.seek(footer.start)
        file.write(own + len(own).to_bytes(4, "little") + MAGIC)


@contextmanager
def _copied(file: BinaryIO, fmt: FileFormat) -> Iterator[Path]:
    """A private copy of a file, decompressed."""
    with TemporaryDirectory(prefix="hub-parquet-") as folder:
        path = Path(folder, "rows.parquet")
        with path.open("wb") as copy:
            for chunk in byte_chunks(file, fmt.compression):
                copy.write(chunk)
        yield path


def _confinement(folder: str) -> list[str]:
    """Statements that let DuckDB read and write in that folder and nowhere else, for good."""
    # The patterns that DuckDB takes paths for are compared as they are written.
    folders = ", ".join(map(literal, (folder, glob.escape(folder))))
    return [
        "set TimeZone = 'UTC'",
        # page by page takes less memory than column by column
        "set disable_parquet_prefetching = true",
        f"set temp_directory = {literal(folder)}",
        "set enable_geoparquet_conversion = false",
        f"set allowed_directories = [{folders}]",
        "set enable_external_access = false",
        "set lock_configuration = true",
    ]
