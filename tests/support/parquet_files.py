"""Parquet files for tests: by pyarrow, and changed where no writer would write them so."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow
from pyarrow import parquet

from loader.readers.parquet.thrift import Field, Reader, Struct, written

_SCHEMA, _GROUPS, _COLUMNS, _CHUNK = 2, 4, 1, 3
_DATA_OFFSET, _DICTIONARY_OFFSET = 9, 11


def parquet_of(table: pyarrow.Table | dict[str, Any], **options: Any) -> bytes:
    """The file that pyarrow writes."""
    file = io.BytesIO()
    if isinstance(table, dict):
        table = pyarrow.table(table)
    parquet.write_table(table, file, **options)
    return file.getvalue()


def edited(content: bytes, edit: Callable[[Struct], None]) -> bytes:
    """The file with another footer."""
    start, footer = _footer(content)
    edit(footer)
    new = written(footer)
    return content[:start] + new + len(new).to_bytes(4, "little") + b"PAR1"


def element(footer: Struct, number: int) -> Struct:
    """An element of a footer's schema, of which 0 is the root."""
    found: Struct = footer[_SCHEMA].value.values[number]
    return found


def column(footer: Struct, number: int) -> Struct:
    """A column of the first row group."""
    found: Struct = footer[_GROUPS].value.values[0][_COLUMNS].value.values[number]
    return found


def chunk(footer: Struct, number: int) -> Struct:
    """What a footer says of a column of the first row group."""
    found: Struct = column(footer, number)[_CHUNK].value
    return found


def set_field(struct: Struct, number: int, value: Any) -> None:
    """Give a field, which is there, another value."""
    struct[number] = Field(struct[number].kind, value)


def first_page(content: bytes) -> tuple[int, int, Struct]:
    """Where the header of the first page begins, where it ends, and what it says."""
    _, footer = _footer(content)
    about = chunk(footer, 0)
    start = about.get(_DICTIONARY_OFFSET, about[_DATA_OFFSET]).value
    reader = Reader(content, start)
    header = reader.struct()
    return start, reader.position, header


def with_first_page(content: bytes, edit: Callable[[Struct], None]) -> bytes:
    """The file with another header of its first page, of the same length."""
    start, end, header = first_page(content)
    edit(header)
    new = written(header)
    assert len(new) == end - start
    return content[:start] + new + content[end:]


def _footer(content: bytes) -> tuple[int, Struct]:
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return start, Reader(content, start).struct()
