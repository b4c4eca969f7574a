"""Finds how a sample file is written, for its source to declare: landing guesses nothing."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from hub.scaffold.samples.looks import looks_like_data
from loader.errors import WrongUse
from loader.readers import CsvDialect, UnreadableFile, format_of
from loader.readers.bytestream import byte_chunks
from loader.readers.csv.grammar import CsvGrammar
from loader.readers.csv.head import read_head
from loader.readers.formats import FileFormat
from loader.readers.lines import physical_lines
from loader.readers.text import TextSource

# So much of a file is looked at, decompressed.
HEAD_BYTES = 1 << 20
_HEAD_LINES = 500
_DELIMITERS = {",": "a comma", ";": "';'", "\t": "a tab", "|": "'|'"}
_MOST_LINES_SKIPPED = 10
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PARQUET = b"PAR1"
# A share of rows with as many fields as the header, from which a delimiter is believed.
_CONVINCING = 0.8


@dataclass(frozen=True)
class FoundFormat:
    """How a file is written.

    declared: what `format` of its source must say, so that it lands: `delimiter`, `encoding` ...
    evidence: what was found, in words, each with what speaks for it.
    """

    declared: Mapping[str, Any]
    evidence: tuple[str, ...]


def find_format(path: Path, file: BinaryIO, header: Sequence[str] | None) -> FoundFormat:
    """How the file is written.

    header: the names of the fields of a CSV file that has no line for them.
    Raises WrongUse where that cannot be told, and UnreadableFile as reading would.
    """
    declared: dict[str, Any] = {}
    evidence: list[str] = []
    fmt = _format_by_name(path)
    kind: str | None = fmt.kind if fmt else None
    head = _head_of(file, fmt or format_of(path.name, kind="csv"))
    if kind is None:
        kind = _kind_of(head)
        declared["kind"] = kind
        evidence.append(f"{kind}, by what stands in it: its name does not say")
    if kind == "parquet":
        return FoundFormat(declared, (*evidence, "Parquet, by its name"))
    if encoding := _encoding_of(head):
        declared["encoding"] = encoding
        evidence.append(f"{encoding}, a guess: it is not UTF-8; look at letters with accents")
    elif head.startswith(_BYTE_ORDER_MARKS):
        evidence.append(f"{detected(head)}, by its byte order mark")
    if kind == "csv":
        declared |= _dialect_of(path, file, declared, header, evidence)
    elif header is not None:
        raise WrongUse(f"{path}", "it is no CSV file, so it has no header", "Leave --header out.")
    else:
        evidence.append(
            {"json": "JSON, elements or objects", "ndjson": "NDJSON, a record a line"}[kind]
        )
    return FoundFormat(declared, tuple(evidence))


def detected(head: bytes) -> str:
    """The encoding that a byte order mark names."""
    return "UTF-8 with a mark" if head.startswith(_BYTE_ORDER_MARKS[0]) else "UTF-16"


def _format_by_name(path: Path) -> FileFormat | None:
    try:
        return format_of(path.name)
    except UnreadableFile:
        return None


def _head_of(file: BinaryIO, fmt: FileFormat) -> bytes:
    head = b""
    for chunk in byte_chunks(file, fmt.compression):
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head[:HEAD_BYTES]


def _kind_of(head: bytes) -> str:
    if head.startswith(_PARQUET):
        return "parquet"
    text = head.decode("utf-16" if head.startswith(_BYTE_ORDER_MARKS[1:]) else "utf-8", "replace")
    return "json" if text.lstrip("\ufeff \t\r\n").startswith(("[", "{")) else "csv"


def _encoding_of(head: bytes) -> str | None:
    """The encoding to declare; None where UTF-8 or a byte order mark needs no declaration."""
    if head.startswith(_BYTE_ORDER_MARKS):
        return None
    # text in Latin letters has a zero in every second byte
    zeros = Counter(place % 2 for place, byte in enumerate(head[:4096]) if byte == 0)
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if zeros[place] > len(head[:4096]) // 4:
            return encoding
    # a character may be cut at the end
    lines = (head if len(head) < HEAD_BYTES else head[:-4]).split(b"\n")
    damaged = sum(not _decodes(line, "utf-8") for line in lines)
    foreign = sum(not line.isascii() for line in lines) - damaged
    # a few damaged records among others are dead letters, no other encoding
    if damaged <= foreign:
        return None
    return "cp1252" if _decodes(head, "cp1252") else "iso-8859-1"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _dialect_of(
    path: Path,
    file: BinaryIO,
    declared: Mapping[str, Any],
    header: Sequence[str] | None,
    evidence: list[str],
) -> dict[str, Any]:
    """What to declare of a CSV file; what was found is added to the evidence."""
    readings = list(_readings(path, file, declared, header))
    best = max(readings, key=lambda reading: reading.merit, default=None)
    if best is None or not best.header:
        raise WrongUse(
            f"{path}", "it has no line with names of fields", "Name a file with records."
        )
    if header is not None and best.rows and not best.even:
        fields = len(max(best.rows, key=len))
        raise WrongUse(
            "--header",
            f"it has {len(header)} names, no record of {path} has so many fields, but {fields}",
            "Name each field.",
        )
    if header is None and looks_like_data(best.header, best.rows):
        raise WrongUse(
            f"{path}",
            f"its first line looks like a record, not like the names of fields: "
            f"{best.dialect.delimiter.join(best.header)[:100]}",
            f"Name its {best.width} fields: --header NAME,NAME,...",
        )
    named = _DELIMITERS.get(best.dialect.delimiter, repr(best.dialect.delimiter))
    evidence.append(
        f"CSV with {named} between fields: {best.even} of {len(best.rows)} rows looked at have "
        f"the {best.width} fields of the header"
    )
    dialect: dict[str, Any] = {}
    by_name = format_of(path.name, **declared).dialect
    if best.dialect.delimiter != by_name.delimiter:
        dialect["delimiter"] = best.dialect.delimiter
    if header is not None:
        dialect["header"] = list(header)
    if best.dialect.comment:
        dialect["comment"] = best.dialect.comment
        evidence.append(f"lines that begin with '{best.dialect.comment}' are comments")
    if best.dialect.skip_lines:
        dialect["skip_lines"] = best.dialect.skip_lines
        evidence.append(f"lines before the header that are no data: {best.dialect.skip_lines}")
    return dialect


@dataclass(frozen=True)
class _Reading:
    """The first rows of a file under one dialect.

    even: how many rows have as many fields as the header.
    """

    dialect: CsvDialect
    header: list[str]
    rows: list[list[str]]
    preference: int

    @property
    def width(self) -> int:
        return len(self.header)

    @property
    def even(self) -> int:
        return sum(len(row) == self.width for row in self.rows)

    @property
    def merit(self) -> tuple[bool, bool, float, int]:
        """What speaks for it, most telling first."""
        share = self.even / len(self.rows) if self.rows else 1.0
        return (
            self.width > 1 and share >= _CONVINCING,
            share >= _CONVINCING,
            # a separator that rows have here and there only is part of a text
            self.width * share if share >= _CONVINCING else share,
            self.preference,
        )


def _readings(
    path: Path, file: BinaryIO, declared: Mapping[str, Any], header: Sequence[str] | None
) -> Iterator[_Reading]:
    text = _text_of(file, format_of(path.name, **declared))
    by_name = format_of(path.name, **declared).dialect.delimiter
    lines = [line for line, _ in islice(physical_lines(text), _HEAD_LINES)]
    comments = [None, "#"] if any(line.startswith("#") for line in lines) else [None]
    for delimiter in dict.fromkeys((by_name, *_DELIMITERS)):
        for comment in comments:
            for skipped in range(min(_MOST_LINES_SKIPPED, len(lines) - 1) + 1 if lines else 1):
                if skipped and header is not None:
                    break
                dialect = CsvDialect(
                    delimiter,
                    comment=comment,
                    skip_lines=skipped,
                    header=None if header is None else tuple(header),
                )
                preference = (delimiter == by_name) - 2 * skipped - (comment is not None)
                try:
                    reading = _read(text, dialect, preference)
                except UnreadableFile:
                    continue
                yield reading
                if reading.merit[0]:
                    break


def _read(text: str, dialect: CsvDialect, preference: int) -> _Reading:
    head = read_head([text], dialect)
    rows = list(islice(_rows(head.rest, head.dialect), _HEAD_LINES))
    return _Reading(head.dialect, head.header, rows, preference)


def _rows(chunks: Iterator[str], dialect: CsvDialect) -> Iterator[list[str]]:
    """The fields of each row; one that is cut off at the end of what is looked at is left out."""
    grammar = CsvGrammar(dialect)
    held = ""
    for line, end in physical_lines("".join(chunks)):
        if not held and (not line or dialect.is_comment(line)):
            continue
        split = grammar.split(held + line)
        if split.is_open and len(held) < HEAD_BYTES // 16:
            held += line + (end or "\n")
        else:
            held = ""
            yield split.fields


def _text_of(file: BinaryIO, fmt: FileFormat) -> str:
    """The begin of the text, in whole lines."""
    text = ""
    for chunk in TextSource(file, fmt):
        text += chunk
        if len(text) >= HEAD_BYTES:
            end = text.rfind("\n", 0, HEAD_BYTES)
            return text[: end + 1 or HEAD_BYTES]
    return re.sub(r"\n+\Z", "\n", text)
