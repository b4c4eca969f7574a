"""What a file says, apart from what stands between its records and fields.

The landed rows must repeat it byte for byte. It is taken from the file by code the readers do not
use: a row that a reader dropped, doubled or changed gives another digest.
"""

from __future__ import annotations

import csv
import hashlib
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from json import loads
from typing import BinaryIO

from loader.readers.batch import MAX_RECORD_BYTES
from loader.readers.count import decoded_chunks, utf8_chunks
from loader.readers.formats import CsvDialect, FileFormat

_WHITE = b" \t\r\n"
_SEPARATORS = {"ndjson": _WHITE, "json": _WHITE + b",[]"}
_LINE_END = re.compile("\r\n?|\n")

# The text of a record and its problem, as they stand in raw.
LandedRecord = tuple[str, str | None]


class ContentDigest:
    """Digests text without the separators of a format."""

    def __init__(self, fmt: FileFormat) -> None:
        self._fmt = fmt
        self._digest = hashlib.sha256()
        self._separators = _SEPARATORS.get(fmt.kind, b"\r\n")
        self._wide: list[bytes] = []
        if fmt.kind == "csv":
            for mark in {fmt.dialect.delimiter, fmt.dialect.quote, fmt.dialect.escape} - {None}:
                encoded = (mark or "").encode()
                if len(encoded) == 1:
                    self._separators += encoded
                else:
                    self._wide.append(encoded)

    def add(self, text: bytes) -> None:
        """Take in more UTF-8 text; no character is cut in two."""
        for mark in self._wide:
            text = text.replace(mark, b"")
        self._digest.update(text.translate(None, self._separators))

    def add_records(self, records: Iterable[LandedRecord]) -> None:
        """Take in landed records, bytes that were not UTF-8 included."""
        for text, problem in records:
            if problem == "invalid_utf8":
                self.add(b64decode(text))
            elif self._fmt.kind == "csv" and problem is None:
                self.add("".join(loads(text).values()).encode("utf-8", "surrogatepass"))
            else:
                self.add(text.encode())

    def hexdigest(self) -> str:
        """The digest of all that was taken in."""
        return self._digest.hexdigest()


def digest_of_content(file: BinaryIO, fmt: FileFormat) -> str:
    """The digest of a file's content. Raises UnreadableFile, mostly where reading would."""
    digest = ContentDigest(fmt)
    if fmt.kind == "csv":
        for text in _after_header(decoded_chunks(file, fmt), fmt.dialect):
            digest.add(text.encode("utf-8", "surrogateescape"))
    else:
        for chunk in utf8_chunks(file, fmt):
            digest.add(chunk)
    return digest.hexdigest()


class _Lines:
    """Text in chunks, line by line as long as that is asked for."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self._held = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while True:
            end = _LINE_END.search(self._held)
            # a \r at the end of a chunk may be the first half of \r\n
            if end and (end[0] != "\r" or end.end() < len(self._held)):
                line, self._held = self._held[: end.end()], self._held[end.end() :]
                return line
            more = next(self._texts, None)
            if more is None:
                line, self._held = self._held, ""
                if not line:
                    raise StopIteration
                return line
            self._held += more

    def rest(self) -> Iterator[str]:
        """What was not asked for line by line."""
        yield self._held
        yield from self._texts


def _after_header(texts: Iterable[str], dialect: CsvDialect) -> Iterator[str]:
    """The text after the first record, which Python's own reader finds; blank lines hold none."""
    lines = _Lines(texts)
    csv.field_size_limit(MAX_RECORD_BYTES)
    header = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )
    for fields in header:
        if fields:
            break
    yield from lines.rest()
