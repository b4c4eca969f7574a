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
from contextlib import suppress
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
    """A body that is whole, but does not have what is looked for at its place, or has it twice."""


@dataclass(frozen=True)
class Body:
    """The text of an answer that is one JSON value from its beginning to its end."""

    text: str

    @classmethod
    def of(cls, content: bytes, charset: str | None) -> "Body":
        """Decode a body and check that it is whole.

        charset: what its header declares. JSON is UTF-8 whatever that says (RFC 8259): it counts
        only where the bytes are no UTF-8. Raises UnreadableFile where the body is cut or no JSON.
        """
        text = _decoded(content, charset)
        start = _skip(text, 0)
        end = _value_end(text, start)
        if not text.startswith(("{", "["), start):
            _require_json(text[start:end])
        if _skip(text, end) < len(text):
            raise UnreadableFile("content_after_json", "content follows the JSON value")
        return cls(text)

    def items(self, path: KeyPath, *, may_lack: bool = False) -> list[str]:
        """The items of the array at `path`, each as it stands; none where null stands there.

        may_lack: nothing at the path counts as no items, too. Raises NoItems.
        """
        place = f"at {'.'.join(path)}" if path else "in the body"
        found = self._find(path)
        if found is None:
            if may_lack and self._lacks(path):
                return []
            raise NoItems(f"there is nothing {place}")
        array = self.text[slice(*found)]
        if array == "null":
            return []
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
        """Whether there is anything at `path`, be it null. Raises NoItems."""
        return self._find(path) is not None

    def word(self, path: KeyPath) -> str | None:
        """The string, or the text of the number, at `path`; None for nothing, null, false, and
        what is blank or empty. Raises NoItems."""
        found = self._find(path)
        if found is None:
            return None
        text = self.text[slice(*found)]
        if text in ("null", "false"):
            return None
        if text.startswith(("{", "[")):
            if not text[1:-1].strip():
                return None
            raise NoItems(f"there is neither a text nor a number at {'.'.join(path)}")
        word = _string(text) if text.startswith('"') else text
        if not _is_text(word):
            raise NoItems(f"what stands at {'.'.join(path)} has characters that cannot be sent")
        return word if word.strip() else None

    def is_true(self, path: KeyPath) -> bool:
        """Whether something other than null, false, 0 or "" stands at `path`. Raises NoItems."""
        found = self._find(path)
        return found is not None and self.text[slice(*found)] not in _FALSE

    def _lacks(self, path: tuple[str, ...]) -> bool:
        """Whether a key on the way to `path` is left out, or leads to nothing: another value than
        an object there has been mistaken for something else."""
        for depth in range(len(path)):
            found = self._find(path[:depth])
            if found is None or self.text[slice(*found)] in ("null", "[]"):
                return True
            if not self.text.startswith("{", found[0]):
                return False
        return True

    def _find(self, path: tuple[str, ...]) -> Span | None:
        """Where the value at `path` stands; None where there is none. Raises NoItems."""
        start = _skip(self.text, 0)
        span = (start, _value_end(self.text, start))
        for depth, key in enumerate(path):
            if not self.text.startswith("{", span[0]):
                return None
            found = [inner for name, inner in _members(self.text, span[0]) if name == key]
            if not found:
                return None
            if len(found) > 1:
                # whichever counted, what stands at the other would be lost
                raise NoItems(f"the name {'.'.join(path[: depth + 1])} is given {len(found)} times")
            span = found[0]
        return span


def _decoded(content: bytes, charset: str | None) -> str:
    encoding = json.detect_encoding(content)
    if not encoding.startswith("utf-8"):
        return _text(content, encoding)[0]
    text, is_damaged = _text(content, None)
    if is_damaged and charset:
        with suppress(UnreadableFile):
            return _text(content, charset)[0]
    # bytes that are no UTF-8 stay in their item, which becomes a dead letter
    return text


def _text(content: bytes, encoding: str | None) -> tuple[str, bool]:
    """The text, and whether some bytes are not in the encoding. Raises UnreadableFile."""
    source = TextSource(io.BytesIO(content), FileFormat("json", encoding=encoding))
    return "".join(source), source.damaged


def _require_json(scalar: str) -> None:
    try:
        json.loads(scalar, parse_constant=_refuse)
    except ValueError as error:
        raise UnreadableFile("not_json", "it is no JSON") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _is_text(text: str) -> bool:
    """Whether the text has no half of a character, which no address can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
        yield _string(key[0]), (start, end)
        pos = _skip(text, end)
        if text.startswith(",", pos):
            pos = _skip(text, pos + 1)
        elif not text.startswith("}", pos):
            raise UnreadableFile("broken_json", "an object whose members cannot be told apart")


def _string(quoted: str) -> str:
    """The text of a string; of one that is no JSON, what stands there."""
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
