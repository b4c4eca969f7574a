"""JSON files: the elements of an array, or objects one after the other, as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from loader.readers.batch import Batch, Record, check_size, in_batches, isolated, utf8_bytes
from loader.readers.errors import UnreadableFile
from loader.readers.json.scan import StructureScanner
from loader.readers.text import TextSource

_WHITE = " \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]*")
_SEPARATOR = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*").match
# The JSON parser of the standard library finds the end of a good value fast; its values are not
# used. float instead of int: reading a very long integer would take quadratic time.
_parser: Any = json.JSONDecoder(strict=False, parse_int=float)
_scan_value: Callable[[str, int], tuple[object, int]] = _parser.scan_once
_NO_VALUE = (ValueError, StopIteration, RecursionError)
# Each failure of the parser counts the lines of the chunk up to it, so that many are dear.
_TRIES_PER_CHUNK = 16


def read_json(source: TextSource) -> Iterator[Batch]:
    """One record per element of the array, or per object of a file of objects, white space trimmed.

    Whether a record is JSON is not looked at, but an empty one (`[1,,2]`) is 'malformed_json'; one
    with bytes that are not UTF-8 is 'invalid_utf8', its record the base64 of its bytes. Raises
    UnreadableFile: 'not_json', 'truncated_json', 'broken_json', 'content_after_json'.
    """
    return in_batches(_records(source))


def json_texts(source: TextSource) -> tuple[bool, Iterator[str]]:
    """Whether the file is an array, and the text of each value in it as it stands. Raises as
    read_json does."""
    cursor = _Cursor(source)
    return cursor.next_char() == "[", _values(cursor)


def _records(source: TextSource) -> Iterator[Record]:
    for text in _values(_Cursor(source)):
        problem = None if text else "malformed_json"
        yield (source.damaged and isolated(text)) or (text, problem, None)


def _values(cursor: _Cursor) -> Iterator[str]:
    first = cursor.next_char()
    if first == "[":
        return _elements(cursor)
    if first in ("{", ""):
        return _objects(cursor)
    raise UnreadableFile(
        "not_json", f"a JSON file begins with '[' or '{{', this one with {first!r}"
    )


class _Cursor:
    """A place in a text that comes in chunks."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self._chunks = iter(chunks)
        self.text = ""
        self.pos = 0
        self.tries = _TRIES_PER_CHUNK

    def next_char(self) -> str:
        """The next character that is not white space, not consumed; '' at the end."""
        while True:
            space = _SPACE.match(self.text, self.pos)
            self.pos = space.end() if space else self.pos
            if self.pos < len(self.text):
                return self.text[self.pos]
            if not self._more():
                return ""

    def value(self, scanner: StructureScanner) -> str | None:
        """The text up to the value's end by its structure; None where the file ends before it."""
        pieces: list[str] = []
        size = 0
        while (end := scanner.find_end(self.text, self.pos)) < 0:
            pieces.append(self.text[self.pos :])
            size += utf8_bytes(pieces[-1])
            check_size(size)
            if not self._more():
                return None
        pieces.append(self.text[self.pos : end])
        self.pos = end
        return "".join(pieces)

    def _more(self) -> bool:
        text = next(self._chunks, None)
        if text is None:
            return False
        self.text, self.pos, self.tries = text, 0, _TRIES_PER_CHUNK
        return True


def _elements(cursor: _Cursor) -> Iterator[str]:
    """The elements of an array; the cursor stands on its opening bracket."""
    number = 0
    cursor.pos += 1
    separator = ","
    if cursor.next_char() == "]":
        cursor.pos += 1
        separator = "]"
    while separator == ",":
        if not cursor.next_char():
            raise _truncated(number)
        text, pos = cursor.text, cursor.pos
        while separator == "," and cursor.tries:
            try:
                end = _scan_value(text, pos)[1]
                follows = _SEPARATOR(text, end)
            except _NO_VALUE:
                follows = None
            if follows is None:
                cursor.tries -= 1
                break
            yield text[pos:end]
            number += 1
            pos, separator = follows.end(), follows[1]
        cursor.pos = pos
        if separator == "]":
            break
        if not cursor.next_char():
            raise _truncated(number)
        number += 1
        value = cursor.value(StructureScanner(number))
        if value is None:
            raise _truncated(number)
        yield value.strip(_WHITE)
        separator = cursor.text[cursor.pos]
        cursor.pos += 1
    if cursor.next_char():
        raise UnreadableFile(
            "content_after_json", f"content follows the array, which has {number} elements"
        )


def _objects(cursor: _Cursor) -> Iterator[str]:
    """Objects one after the other; the cursor stands on the first one's opening bracket."""
    number = 0
    while (first := cursor.next_char()) == "{":
        number += 1
        if cursor.tries:
            try:
                end = _scan_value(cursor.text, cursor.pos)[1]
            except _NO_VALUE:
                cursor.tries -= 1
            else:
                yield cursor.text[cursor.pos : end]
                cursor.pos = end
                continue
        value = cursor.value(StructureScanner(number, until_closed=True))
        if value is None:
            raise _truncated(number)
        yield value
    if first:
        raise UnreadableFile(
            "content_after_json",
            f"after object {number} stands {first!r}: neither another object nor the end",
        )


def _truncated(number: int) -> UnreadableFile:
    return UnreadableFile(
        "truncated_json",
        f"the file ends inside or after record {number}, before its brackets are closed",
    )
