"""The pages of a Parquet file: checked one by one before anything is read.

DuckDB does not verify the checksums that pages may have, and stops reading when it has its rows.
"""

from __future__ import annotations

import zlib
from mmap import mmap

from loader.readers.parquet.footer import Chunk, Footer, RowGroup
from loader.readers.parquet.schema import damaged, unsupported
from loader.readers.parquet.thrift import I32, STRUCT, Malformed, Reader, Struct

# The numbers of the fields of a PageHeader, and of the headers in it.
_KIND, _UNPACKED, _PACKED, _CRC, _DATA, _INDEX, _DICTIONARY, _DATA_V2 = range(1, 9)
_VALUES, _ENCODING = 1, 2
_V2_NULLS, _V2_ROWS, _V2_ENCODING, _V2_LEVELS, _V2_REPEATS, _V2_IS_COMPRESSED = range(2, 8)
_DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_V2 = range(4)
_UNCOMPRESSED = 0
_STEP = 1 << 20
_ENCODINGS = {
    0: "PLAIN",
    2: "PLAIN_DICTIONARY",
    3: "RLE",
    4: "BIT_PACKED",
    5: "DELTA_BINARY_PACKED",
    6: "DELTA_LENGTH_BYTE_ARRAY",
    7: "DELTA_BYTE_ARRAY",
    8: "RLE_DICTIONARY",
    9: "BYTE_STREAM_SPLIT",
}
_SPLIT_TYPES = ("INT32", "INT64", "FLOAT", "DOUBLE")


def check_pages(data: mmap, footer: Footer) -> None:
    """Raise UnreadableFile 'damaged_parquet' or 'unsupported_parquet' where a page of the file is
    not what it says of itself, or cannot be read."""
    for group in footer.row_groups:
        for chunk in group.chunks:
            _Pages(data, footer.start, group, chunk).check()


class _Pages:
    """The pages of a chunk."""

    def __init__(self, data: mmap, end: int, group: RowGroup, chunk: Chunk) -> None:
        self._data = data
        self._end = end
        self._group = group
        self._chunk = chunk
        self._column = f"column {chunk.column.path}"

    def check(self) -> None:
        """Go through all of them."""
        chunk = self._chunk
        is_flat = chunk.column.repeats == 0
        if chunk.values < self._group.rows or (is_flat and chunk.values != self._group.rows):
            raise damaged(f"{self._column} has {chunk.values} values in {self._group.rows} rows")
        position, values = chunk.start, 0
        while values < chunk.values:
            try:
                reader = Reader(self._data, position)
                header = reader.struct()
            except Malformed as error:
                raise damaged(f"{self._column}: a page's header: {error}") from error
            start, size = reader.position, self._number(header, _PACKED)
            position = start + size
            if position > self._end:
                raise damaged(f"{self._column}: a page ends behind the last one")
            values += self._values_of(header, size)
            if _CRC in header and self._sum(start, position) != header[_CRC].value & 0xFFFFFFFF:
                raise damaged(f"{self._column}: the checksum of a page is wrong")
        if values != chunk.values:
            raise damaged(f"{self._column}: its pages do not have the values that the footer says")

    def _sum(self, start: int, end: int) -> int:
        """The checksum of what stands in the file from a place to another."""
        found = 0
        for place in range(start, end, _STEP):
            found = zlib.crc32(self._data[place : min(place + _STEP, end)], found)
        return found

    def _values_of(self, header: Struct, size: int) -> int:
        """How many values a page of a size has."""
        kind = self._number(header, _KIND)
        unpacked = self._number(header, _UNPACKED)
        if kind == _DATA_PAGE:
            inner = self._inner(header, _DATA)
            self._check_encoding(self._number(inner, _ENCODING))
            levels = (self._number(inner, 3), self._number(inner, 4))
            self._check_level_encodings(levels)
            is_packed = self._chunk.codec != _UNCOMPRESSED
        elif kind == _DATA_PAGE_V2:
            inner = self._inner(header, _DATA_V2)
            self._check_encoding(self._number(inner, _V2_ENCODING))
            flag = inner.get(_V2_IS_COMPRESSED)
            is_packed = self._chunk.codec != _UNCOMPRESSED and (flag is None or bool(flag.value))
            if not is_packed and self._chunk.codec != _UNCOMPRESSED and unpacked != size:
                # a known fault of a writer, around which its own readers work
                raise unsupported(
                    f"{self._column}: a page of version 2 that is compressed and says it is not"
                )
        else:
            return 0
        if not is_packed and unpacked != size:
            raise damaged(f"{self._column}: a page has not the size that it says")
        return self._number(inner, _VALUES)

    def _check_encoding(self, encoding: int) -> None:
        name = _ENCODINGS.get(encoding)
        if name is None or name == "BIT_PACKED":
            raise unsupported(f"{self._column}: the encoding {name or encoding}")
        physical = self._chunk.column.physical
        if name == "BYTE_STREAM_SPLIT" and physical not in _SPLIT_TYPES:
            raise unsupported(f"{self._column}: the encoding {name} of {physical}")

    def _check_level_encodings(self, levels: tuple[int, int]) -> None:
        """levels: the encodings of definition and repetition levels."""
        most = (self._chunk.column.optionals, self._chunk.column.repeats)
        for encoding, level in zip(levels, most, strict=True):
            if level and _ENCODINGS.get(encoding) != "RLE":
                raise unsupported(
                    f"{self._column}: levels in the encoding {_ENCODINGS.get(encoding, encoding)}"
                )

    def _inner(self, header: Struct, number: int) -> Struct:
        field = header.get(number)
        if field is None or field.kind != STRUCT:
            raise damaged(f"{self._column}: a page does not say what is in it")
        found: Struct = field.value
        return found

    def _number(self, header: Struct, number: int) -> int:
        field = header.get(number)
        if field is None or field.kind != I32 or field.value < 0:
            raise damaged(f"{self._column}: a page's header lacks a number, or has a wrong one")
        return int(field.value)
