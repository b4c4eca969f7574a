"""Takes the body of an answer apart without changing it: its items, and values on the way.

Nothing is parsed and written anew, since 0.10, numbers of 30 digits and keys given twice would
come back as something else. What is a value is told from the structure alone, so that an item
that is no JSON lands as it is, and becomes a dead letter.
"""

import io
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass

from loader.config.values import KeyPath
from loader.readers import FileFormat, UnreadableFile, read_records
from loader.readers.json.scan import StructureScanner
from loader.readers.text import TextSource

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BARE = re.compile(r"[^\s,\[\]{}\"]+")
_FALSE = ("null", "false", "0", '""')

Span = tuple[int, int]


class NoItems(Exception):
    """A body that is JSON, but has no array of items at its place."""


@dataclass(frozen=True)
class Body:
    """The text of an answer that is one JSON value from its beginning to its end."""

    text: str

    @classmethod
    def of(cls, content: bytes, charset: str | None) -> "Body":
        """Decode a body and check that it is whole.

        Raises UnreadableFile where it is cut, is no JSON, or is not in its charset.
        """
        source = TextSource(io.BytesIO(content), FileFormat("json", encoding=charset))
        text = "".join(source)
        end = _skip(text, _value_end(text, _skip(text, 0)))
        if end < len(text):
            raise UnreadableFile("content_after_json", "content follows the JSON value")
        return cls(text)

    def items(self, path: KeyPath) -> list[str]:
        """The items of the array at `path`, each as it stands. Raises NoItems."""
        found = self._find(path)
        place = f"at {'.'.join(path)}" if path else "in the body"
        if found is None:
            raise NoItems(f"there is nothing {place}")
        array = self.text[slice(*found)]
        if not array.startswith("["):
            raise NoItems(f"there is no array {place}")
        file = io.BytesIO(array.encode("utf-8", "surrogateescape"))
        return [
            b64decode(record).decode("utf-8", "surrogateescape")
            if problem == "invalid_utf8"
            else record
            for batch in read_records(file, FileFormat("json", encoding="utf-8"))
            for record, problem in zip(batch.records, batch.problems, strict=True)
        ]

    def has(self, path: KeyPath) -> bool:
        """Whether there is anything at `path`, be it null."""
        return self._find(path) is not None

    def word(self, path: KeyPath) -> str | None:
        """The string, or the text of the number, at `path`; None for nothing, null, "" or false."""
        found = self._find(path)
        if found is None or (text := self.text[slice(*found)]) in ("null", "false", '""'):
            return None
        try:
            return str(json.loads(text)) if text.startswith('"') else text
        except ValueError:
            return text

    def is_true(self, path: KeyPath) -> bool:
        """Whether something other than null, false, 0 or "" stands at `path`."""
        found = self._find(path)
        return found is not None and self.text[slice(*found)] not in _FALSE

    def _find(self, path: KeyPath) -> Span | None:
        start = _skip(self.text, 0)
        span = (start, _value_end(self.text, start))
        for key in path:
            if not self.text.startswith("{", span[0]):
                return None
            found = [inner for name, inner in _members(self.text, span[0]) if name == key]
            if not found:
                return None
            span = found[-1]  # of a key given twice the last counts, as for any parser
        return span


def _members(text: str, pos: int) -> Iterator[tuple[str, Span]]:
    """Key and place of each member of the object that begins at `pos`."""
    pos = _skip(text, pos + 1)
    while not text.startswith("}", pos):
        key = _STRING.match(text, pos)
        colon = _skip(text, key.end()) if key else -1
        if key is None or not text.startswith(":", colon):
            raise UnreadableFile("broken_json", "an object whose keys cannot be told")
        start = _skip(text, colon + 1)
        end = _value_end(text, start)
        yield _name(key[0]), (start, end)
        pos = _skip(text, end)
        if text.startswith(",", pos):
            pos = _skip(text, pos + 1)
        elif not text.startswith("}", pos):
            raise UnreadableFile("broken_json", "an object whose members cannot be told apart")


def _name(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted


def _value_end(text: str, pos: int) -> int:
    """Where the value that begins at `pos` ends. Raises UnreadableFile where it does not."""
    if text.startswith(("{", "["), pos):
        end = StructureScanner(1, until_closed=True).find_end(text, pos)
        if end < 0:
            raise UnreadableFile("truncated_json", "it ends before its brackets are closed")
        return end
    value = (_STRING if text.startswith('"', pos) else _BARE).match(text, pos)
    if value is None:
        raise UnreadableFile("not_json", "it is no JSON" if text else "it is empty")
    return value.end()


def _skip(text: str, pos: int) -> int:
    space = _SPACE.match(text, pos)
    return space.end() if space else pos
