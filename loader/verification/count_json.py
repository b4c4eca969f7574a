"""Counts the records of a JSON file on its bytes: all strings are cut out, brackets collapse."""

from __future__ import annotations

import re
from collections.abc import Iterable

from loader.readers.errors import UnreadableFile

_WHITE = b" \t\r\n"
_STRUCTURE = b"[]{},"
# Each byte that is neither structure nor white space stands for "something": x.
_SHAPE = bytes(byte if byte in _STRUCTURE else ord("x") for byte in range(256))
# A pair of brackets that hold no bracket. The letter tells a whole object at the top level from
# stray text. A few passes deal with the usual nesting, the stack with the rest.
_FLAT = ((re.compile(rb"\{[,xoa]*\}"), b"o"), (re.compile(rb"\[[,xoa]*\]"), b"a"))
_PASSES = 4
_PIECES = re.compile(rb"[^\[\]{}]+|[\[\]{}]")
_OPENER = {b"]": b"[", b"}": b"{"}


def records_in_json(chunks: Iterable[bytes]) -> int:
    """Elements of the array, or objects of a file of objects, in UTF-8 without byte order mark.

    Raises UnreadableFile: 'not_json', 'broken_json', 'truncated_json', 'content_after_json'.
    """
    strings = _StringCutter()
    structure = _Structure()
    for chunk in chunks:
        structure.feed(strings.cut(chunk).translate(_SHAPE, _WHITE))
    return structure.records()


class _StringCutter:
    """Replaces each string by one quote."""

    def __init__(self) -> None:
        self._inside = False
        self._escaped = False

    def cut(self, chunk: bytes) -> bytes:
        if self._escaped:
            chunk = chunk[1:]
            self._escaped = False
        parts = chunk.split(b'"')
        if b"\\" not in chunk:
            outside = parts[1::2] if self._inside else parts[::2]
            self._inside ^= len(parts) % 2 == 0
        else:
            outside = self._outside(parts)
        # A string that goes on in the next chunk has had no quote yet.
        return b'"'.join(outside) + (b'"' if self._inside else b"")

    def _outside(self, parts: list[bytes]) -> list[bytes]:
        outside = []
        last = len(parts) - 1
        for number, part in enumerate(parts):
            if not self._inside:
                outside.append(part)
                self._inside = number < last
                continue
            escaped = part.endswith(b"\\") and (len(part) - len(part.rstrip(b"\\"))) % 2 == 1
            if number == last:
                self._escaped = escaped
            elif not escaped:
                self._inside = False
        return outside


class _Structure:
    """Brackets that are open, and what was seen at the level of the records."""

    def __init__(self) -> None:
        self._open = bytearray()
        self._kind = b""
        self._commas = 0
        self._objects = 0
        self._has_content = False

    def feed(self, shape: bytes) -> None:
        if not self._kind and shape:
            self._kind = shape[:1]
            if self._kind not in (b"[", b"{"):
                raise UnreadableFile("not_json", "a JSON file begins with '[' or '{'")
            if self._kind == b"[":
                self._open += b"["
                shape = shape[1:]
        for _ in range(_PASSES):
            before = len(shape)
            for flat, letter in _FLAT:
                shape = flat.sub(letter, shape)
            if len(shape) == before:
                break
        for piece in _PIECES.findall(shape):
            if piece in (b"[", b"{"):
                self._push(piece)
            elif piece in _OPENER:
                self._pop(piece)
            else:
                self._see(piece)

    def records(self) -> int:
        if self._open:
            raise UnreadableFile("truncated_json", "the file ends before its brackets are closed")
        if self._kind == b"[":
            return self._commas + 1 if self._has_content else 0
        return self._objects

    def _see(self, piece: bytes) -> None:
        if not self._open:
            if self._kind == b"[" or piece.strip(b"o"):
                raise UnreadableFile("content_after_json", "content follows the JSON value")
            self._objects += len(piece)
        elif self._kind == b"[" and len(self._open) == 1:
            self._commas += piece.count(b",")
            self._has_content = True

    def _push(self, bracket: bytes) -> None:
        if not self._open and b"[" in (self._kind, bracket):
            raise UnreadableFile("content_after_json", "content follows the JSON value")
        self._has_content = True
        self._open += bracket

    def _pop(self, bracket: bytes) -> None:
        if not self._open or self._open.pop() != _OPENER[bracket][0]:
            raise UnreadableFile("broken_json", "the brackets do not match")
        if not self._open and self._kind == b"{":
            self._objects += 1
