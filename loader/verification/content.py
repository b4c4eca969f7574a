"""What a file says, apart from what stands between its records and fields.

The landed rows must repeat it byte for byte. It is taken from the file by code the readers do not
use: a row that a reader dropped, doubled or changed makes a difference.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from loader.readers.batch import MAX_RECORD_BYTES
from loader.readers.formats import CsvDialect, FileFormat
from loader.verification.count import decoded_chunks, utf8_chunks

_WHITE = b" \t\r\n"
_SEPARATORS = {"ndjson": _WHITE, "json": _WHITE + b",[]"}
_LINE_END = re.compile("\r\n?|\n")


def repeats_content(landed: Iterable[bytes], file: BinaryIO, fmt: FileFormat) -> bool:
    """Whether landed text says all that a file says, and nothing else.

    landed: UTF-8 text of the rows, with separators or without, in pieces that cut no character.

    Raises UnreadableFile, mostly where reading would.
    """
    said = _content(file, fmt)
    without_separators = _Separators(fmt).removed_from
    # Up to the first difference nothing needs to be removed: usual lines have none.
    is_verbatim = True
    ahead = b""
    for piece in landed:
        text = piece if is_verbatim else without_separators(piece)
        start = 0
        while start < len(text):
            if not ahead:
                chunk = next(said, None)
                if chunk is None:
                    if without_separators(text[start:]):
                        return False
                    break
                ahead = chunk if is_verbatim else without_separators(chunk)
            common = ahead[: len(text) - start]
            if text.startswith(common, start):
                start += len(common)
                ahead = ahead[len(common) :]
            elif is_verbatim:
                is_verbatim = False
                text, start = without_separators(text[start:]), 0
                ahead = without_separators(ahead)
            else:
                return False
    return not any(map(without_separators, chain([ahead], said)))


class _Separators:
    """What stands between the records and the fields of a format."""

    def __init__(self, fmt: FileFormat) -> None:
        self._narrow = _SEPARATORS.get(fmt.kind, b"\r\n")
        self._wide: list[bytes] = []
        if fmt.kind == "csv":
            for mark in {fmt.dialect.delimiter, fmt.dialect.quote, fmt.dialect.escape} - {None}:
                encoded = (mark or "").encode()
                if len(encoded) == 1:
                    self._narrow += encoded
                else:
                    self._wide.append(encoded)

    def removed_from(self, text: bytes) -> bytes:
        """UTF-8 text without them; no character of it is cut in two."""
        for mark in self._wide:
            text = text.replace(mark, b"")
        return text.translate(None, self._narrow)


def _content(file: BinaryIO, fmt: FileFormat) -> Iterator[bytes]:
    """The text of a file, but for the header of CSV, as UTF-8; other bytes as they are."""
    if fmt.kind != "csv":
        return utf8_chunks(file, fmt)
    texts = _after_header(decoded_chunks(file, fmt), fmt.dialect)
    return (text.encode("utf-8", "surrogateescape") for text in texts)


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
