"""What a file says, apart from what stands between its records and fields.

The landed rows must repeat it byte for byte. It is taken from the file by code the readers do not
use: a row that a reader dropped, doubled or changed makes a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from loader.readers.formats import CsvDialect, FileFormat, Kind
from loader.verification.count import csv_records, utf8_chunks

_WHITE = b" \t\r\n"
_SEPARATORS = {"ndjson": _WHITE, "json": _WHITE + b",[]"}


def repeats_content(landed: Iterable[bytes], file: BinaryIO, fmt: FileFormat) -> bool:
    """Whether landed text says all that a file says, and nothing else.

    landed: UTF-8 text of the rows, with separators or without, in pieces that cut no character.

    Raises UnreadableFile, mostly where reading would.
    """
    said, dialect = _content(file, fmt)
    without_separators = _Separators(fmt.kind, dialect).removed_from
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

    def __init__(self, kind: Kind, dialect: CsvDialect) -> None:
        self._narrow = _SEPARATORS.get(kind, b"\r\n")
        self._wide: list[bytes] = []
        if kind == "csv":
            for mark in {dialect.delimiter, dialect.quote, dialect.escape} - {None}:
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


def _content(file: BinaryIO, fmt: FileFormat) -> tuple[Iterator[bytes], CsvDialect]:
    """The text of a file as UTF-8, other bytes as they are, but for header and comments of CSV; and
    its dialect."""
    if fmt.kind != "csv":
        return utf8_chunks(file, fmt), fmt.dialect
    texts, dialect = csv_records(file, fmt)
    return (text.encode("utf-8", "surrogateescape") for text in texts()), dialect
