"""Thrift's compact protocol, in which Parquet writes its footer and the headers of its pages.

A struct is a dict from the number of a field to its kind and value; a list holds the kind of its
items beside them. Nothing is interpreted, so that what was read can be written again.
"""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap
from typing import Any, NamedTuple

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
# The footer of a sound file nests some six levels deep.
_MOST_LEVELS = 32
_LONGEST_VARINT = 10


class Malformed(ValueError):
    """The bytes are no Thrift."""


class Field(NamedTuple):
    """The value of a field, and its kind."""

    kind: int
    value: Any


@dataclass
class Items:
    """A list or a set: the kind of its items, and these."""

    kind: int
    values: list[Any]


Struct = dict[int, Field]


class Reader:
    """Reads structs from bytes, one after the other. Raises Malformed."""

    def __init__(self, data: bytes | mmap, position: int = 0) -> None:
        self._data = data
        self.position = position

    def struct(self, level: int = 0) -> Struct:
        """The struct that begins here."""
        if level > _MOST_LEVELS:
            raise Malformed("it nests too deeply")
        found: Struct = {}
        number = 0
        while True:
            head = self._byte()
            if not head:
                return found
            kind, step = head & 0x0F, head >> 4
            number = number + step if step else self._zigzag()
            if kind in (TRUE, FALSE):
                found[number] = Field(TRUE, kind == TRUE)
            else:
                found[number] = Field(kind, self._value(kind, level))

    def _value(self, kind: int, level: int) -> Any:
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == STRUCT:
            return self.struct(level + 1)
        if kind in (LIST, SET):
            return self._items(level)
        if kind == DOUBLE:
            return self._bytes(8)
        if kind in (BYTE, TRUE, FALSE):
            return self._byte()
        if kind == MAP:
            return self._map(level)
        raise Malformed(f"there is no kind {kind} of field")

    def _items(self, level: int) -> Items:
        head = self._byte()
        kind, size = head & 0x0F, head >> 4
        size = self._varint() if size == 15 else size
        self._require(size)
        return Items(kind, [self._value(kind, level + 1) for _ in range(size)])

    def _map(self, level: int) -> tuple[int, list[tuple[Any, Any]]]:
        size = self._varint()
        if not size:
            return 0, []
        self._require(size)
        kinds = self._byte()
        pairs = [
            (self._value(kinds >> 4, level + 1), self._value(kinds & 0x0F, level + 1))
            for _ in range(size)
        ]
        return kinds, pairs

    def _require(self, size: int) -> None:
        """Raise Malformed where so many bytes do not follow: each item takes one at least."""
        if size > len(self._data) - self.position:
            raise Malformed("it ends too early")

    def _byte(self) -> int:
        try:
            byte = self._data[self.position]
        except IndexError:
            raise Malformed("it ends too early") from None
        self.position += 1
        return byte

    def _bytes(self, size: int) -> bytes:
        self._require(size)
        start = self.position
        self.position += size
        return self._data[start : self.position]

    def _varint(self) -> int:
        number = 0
        for place in range(_LONGEST_VARINT):
            byte = self._byte()
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return number
        raise Malformed("a number has no end")

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)


def written(struct: Struct) -> bytes:
    """The bytes of a struct."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


def _write_struct(out: bytearray, struct: Struct) -> None:
    last = 0
    for number, (kind, value) in sorted(struct.items()):
        shown = kind if kind != TRUE or value else FALSE
        if 0 < number - last <= 15:
            out.append((number - last) << 4 | shown)
        else:
            out.append(shown)
            _write_zigzag(out, number)
        last = number
        if kind != TRUE:
            _write_value(out, kind, value)
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _write_zigzag(out, value)
    elif kind == BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind in (LIST, SET):
        size = len(value.values)
        out.append(min(size, 15) << 4 | value.kind)
        if size >= 15:
            _write_varint(out, size)
        for item in value.values:
            _write_value(out, value.kind, item)
    elif kind == MAP:
        kinds, pairs = value
        _write_varint(out, len(pairs))
        if pairs:
            out.append(kinds)
        for pair in pairs:
            for half, item in zip((kinds >> 4, kinds & 0x0F), pair, strict=True):
                _write_value(out, half, item)
    elif kind == DOUBLE:
        out += value
    else:
        out.append(value)


def _write_zigzag(out: bytearray, number: int) -> None:
    _write_varint(out, (number << 1) ^ (number >> 63))


def _write_varint(out: bytearray, number: int) -> None:
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
