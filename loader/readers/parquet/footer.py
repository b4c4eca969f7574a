"""A Parquet file's footer: what the file says of its rows, its columns and where they stand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, BinaryIO

from loader.readers.errors import UnreadableFile
from loader.readers.parquet import schema
from loader.readers.parquet.schema import Node, damaged, schema_of, unsupported
from loader.readers.parquet.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Field,
    Items,
    Malformed,
    Reader,
    Struct,
    written,
)

MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_TAIL_BYTES = 8
_I64_MAX = 2**63 - 1
# The numbers of the fields.
_VERSION, _SCHEMA, _ROWS, _ROW_GROUPS = 1, 2, 3, 4
_COLUMNS, _BYTE_SIZE, _GROUP_ROWS = 1, 2, 3
_OTHER_FILE, _CHUNK_OFFSET, _CHUNK, _CRYPTO = 1, 2, 3, 8
_PHYSICAL, _ENCODINGS, _PATH, _CODEC, _VALUES, _UNPACKED, _PACKED = range(1, 8)
_DATA_OFFSET, _DICTIONARY_OFFSET = 9, 11
_CODECS = {
    0: "UNCOMPRESSED",
    1: "SNAPPY",
    2: "GZIP",
    3: "LZO",
    4: "BROTLI",
    5: "LZ4",
    6: "ZSTD",
    7: "LZ4_RAW",
}
_READABLE_CODECS = ("UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4_RAW")


@dataclass(frozen=True)
class Chunk:
    """What a row group holds of a column: `values` values, nulls too, in pages from `start` on."""

    column: Node
    codec: int
    values: int
    start: int
    dictionary: int | None
    data: int
    packed: int
    unpacked: int


@dataclass(frozen=True)
class RowGroup:
    """Consecutive rows, column by column."""

    rows: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True)
class Footer:
    """A footer. start: where it begins in the file."""

    start: int
    root: Node
    rows: int
    row_groups: tuple[RowGroup, ...]


def read_footer(file: BinaryIO) -> Footer:
    """The footer of a seekable file. Raises UnreadableFile: 'truncated_parquet',
    'encrypted_parquet', 'unsupported_parquet', 'damaged_parquet'."""
    start, data = _located(file)
    try:
        found = Reader(data).struct()
        return _footer(start, found)
    except Malformed as error:
        raise damaged(f"its footer cannot be read: {error}") from error


def _located(file: BinaryIO) -> tuple[int, bytes]:
    """Where the footer begins, and its bytes."""
    file.seek(0)
    head = file.read(len(MAGIC))
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL_BYTES, 0))
    tail = file.read()
    if head == _ENCRYPTED and tail.endswith(_ENCRYPTED):
        raise UnreadableFile("encrypted_parquet", "the Parquet file's footer is encrypted")
    if not MAGIC.startswith(head):
        raise UnreadableFile("damaged_parquet", "a Parquet file begins with PAR1, this one not")
    if not tail.endswith(MAGIC) or size < len(MAGIC) + _TAIL_BYTES - 4:
        raise UnreadableFile("truncated_parquet", "the Parquet file ends before its footer")
    length = int.from_bytes(tail[:4], "little")
    start = size - _TAIL_BYTES - length
    if start < len(MAGIC):
        raise damaged("its footer is longer than the file")
    file.seek(start)
    return start, file.read(length)


def _footer(start: int, found: Struct) -> Footer:
    root = schema_of(_structs(found, _SCHEMA))
    columns = list(root.leaves())
    groups = tuple(_row_group(start, group, columns) for group in _structs(found, _ROW_GROUPS))
    rows = _number(found, _ROWS)
    if rows != sum(group.rows for group in groups):
        raise damaged(f"it says {rows} rows, its row groups do not")
    return Footer(start, root, rows, groups)


def _row_group(start: int, group: Struct, columns: list[Node]) -> RowGroup:
    rows = _number(group, _GROUP_ROWS)
    chunks = _structs(group, _COLUMNS)
    if len(chunks) != len(columns):
        raise damaged(f"a row group has {len(chunks)} columns, the schema {len(columns)}")
    return RowGroup(
        rows,
        tuple(
            _chunk(start, rows, chunk, column)
            for chunk, column in zip(chunks, columns, strict=True)
        ),
    )


def _chunk(end: int, rows: int, chunk: Struct, column: Node) -> Chunk:
    if _CRYPTO in chunk:
        raise UnreadableFile("encrypted_parquet", f"column {column.path} is encrypted")
    if _OTHER_FILE in chunk and chunk[_OTHER_FILE].value:
        raise unsupported(f"column {column.path} stands in another file")
    if _CHUNK not in chunk or chunk[_CHUNK].kind != STRUCT:
        raise damaged(f"column {column.path} is not described")
    about = chunk[_CHUNK].value
    if _number(about, _PHYSICAL) != schema.PHYSICAL.index(column.physical or ""):
        raise damaged(f"column {column.path} is not of the type that the schema says")
    codec = _CODECS.get(_number(about, _CODEC))
    if codec is None:
        raise damaged(f"column {column.path}: there is no such compression")
    if codec not in _READABLE_CODECS:
        raise unsupported(f"column {column.path}: the compression {codec}")
    data = _number(about, _DATA_OFFSET)
    dictionary = _number(about, _DICTIONARY_OFFSET) if _DICTIONARY_OFFSET in about else 0
    # some writers say 0 where there is none
    has_dictionary = 0 < dictionary < data
    found = Chunk(
        column=column,
        codec=_number(about, _CODEC),
        values=_number(about, _VALUES),
        start=dictionary if has_dictionary else data,
        dictionary=dictionary if has_dictionary else None,
        data=data,
        packed=_number(about, _PACKED),
        unpacked=_number(about, _UNPACKED),
    )
    is_inside = len(MAGIC) <= found.start <= found.data <= end and found.packed <= end
    if found.values and not is_inside:
        raise damaged(f"column {column.path} is not where the footer says")
    return found


def written_footer(footer: Footer, elements: list[Struct]) -> bytes:
    """A footer for the same data with another schema, and with nothing in it that is not needed to
    read the values: statistics may be wrong."""
    columns = [element for element in elements if schema.CHILDREN not in element]
    paths = list(_paths(elements))
    groups = [
        {
            _COLUMNS: _list(
                [
                    _written_chunk(chunk, element, path)
                    for chunk, element, path in zip(group.chunks, columns, paths, strict=True)
                ]
            ),
            _BYTE_SIZE: Field(I64, min(sum(c.unpacked for c in group.chunks), _I64_MAX)),
            _GROUP_ROWS: Field(I64, group.rows),
        }
        for group in footer.row_groups
    ]
    return written(
        {
            _VERSION: Field(I32, 1),
            _SCHEMA: _list(elements),
            _ROWS: Field(I64, footer.rows),
            _ROW_GROUPS: _list(groups),
        }
    )


def _written_chunk(chunk: Chunk, element: Struct, path: list[bytes]) -> Struct:
    about = {
        _PHYSICAL: element[schema.TYPE],
        _ENCODINGS: Field(LIST, Items(I32, [])),
        _PATH: Field(LIST, Items(BINARY, path)),
        _CODEC: Field(I32, chunk.codec),
        _VALUES: Field(I64, chunk.values),
        _UNPACKED: Field(I64, chunk.unpacked),
        _PACKED: Field(I64, chunk.packed),
        _DATA_OFFSET: Field(I64, chunk.data),
    }
    if chunk.dictionary is not None:
        about[_DICTIONARY_OFFSET] = Field(I64, chunk.dictionary)
    return {_CHUNK_OFFSET: Field(I64, chunk.start), _CHUNK: Field(STRUCT, about)}


def _paths(elements: list[Struct]) -> list[list[bytes]]:
    """The path of each column of a schema, below the root."""
    paths: list[list[bytes]] = []
    # names of the groups around, each with how many members are still to come
    around: list[tuple[bytes, int]] = []
    for element in elements:
        name = element[schema.NAME].value
        if schema.CHILDREN in element:
            around.append((name, element[schema.CHILDREN].value))
            continue
        paths.append([*(group for group, _ in around[1:]), name])
        while around:
            group, left = around.pop()
            if left > 1:
                around.append((group, left - 1))
                break
    return paths


def _list(structs: list[Any]) -> Field:
    return Field(LIST, Items(STRUCT, structs))


def _structs(struct: Struct, number: int) -> list[Struct]:
    """The structs of a list in a struct."""
    field = struct.get(number)
    if field is None or not isinstance(field.value, Items):
        raise damaged("its footer is not what a footer must be")
    items = field.value
    if items.values and items.kind != STRUCT:
        raise damaged("its footer is not what a footer must be")
    return items.values


def _number(struct: Struct, number: int) -> int:
    """A number, never below 0, of a struct."""
    field = struct.get(number)
    if field is None or field.kind not in (I32, I64) or not 0 <= field.value <= _I64_MAX:
        raise damaged("its footer lacks a number, or has one that cannot be")
    return int(field.value)
