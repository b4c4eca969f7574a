"""What stands before the records of a CSV file: lines to skip, the separator, comments, the header.

Reading and verification begin with it, so that both take the same line for the header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from loader.readers.batch import MAX_RECORD_BYTES, isolated, utf8_bytes
from loader.readers.csv.grammar import CsvGrammar
from loader.readers.errors import UnreadableFile
from loader.readers.formats import CsvDialect

_LINE_END = re.compile("\r\n?|\n")
# Spreadsheets write it, and read it, as the first line of a file.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Head:
    """What is known of a file before its first record.

    header:  the names of its fields as they were declared, or stand in the file; none where the
             file ends before them.
    dialect: the declared one, with the separator that the file names itself.
    rest:    the text that follows, in chunks.
    """

    header: list[str]
    dialect: CsvDialect
    rest: Iterator[str]


def read_head(texts: Iterable[str], dialect: CsvDialect) -> Head:
    """The head of a file, of which the text is given in chunks.

    A separator that the file names goes before the declared one: who wrote the file knows it.
    Raises UnreadableFile: 'bad_header', 'bad_dialect' where the named separator is the quote, the
    escape or the begin of comments.
    """
    lines = _Lines(texts)
    for _ in range(dialect.skip_lines):
        lines.next()
    line, end = lines.next()
    if named := _SEPARATOR_LINE.fullmatch(line):
        dialect = replace(dialect, delimiter=named[1])
        line, end = lines.next()
    if dialect.header is not None:
        return Head(list(dialect.header), dialect, lines.rest(line + end))
    while (line or end) and (not line or dialect.is_comment(line)):
        line, end = lines.next()
    if not line:
        return Head([], dialect, lines.rest())
    return Head(_header(line, end, lines, CsvGrammar(dialect)), dialect, lines.rest())


def _header(line: str, end: str, lines: _Lines, grammar: CsvGrammar) -> list[str]:
    """The fields of the record that begins with a line."""
    text, size = [line], utf8_bytes(line)
    is_open = grammar.split(line).is_open
    while is_open:
        # a line end in quotes is text
        text.append(end)
        line, end = lines.next()
        text.append(line)
        size += utf8_bytes(line)
        if not (line or end) or size > MAX_RECORD_BYTES:
            raise UnreadableFile("bad_header", "a quote in the header line is not closed")
        is_open = grammar.split(line, inside=True).is_open
    fields, well_formed, _ = grammar.split("".join(text))
    if not well_formed or isolated("".join(text)):
        raise UnreadableFile(
            "bad_header",
            "the header line breaks the CSV grammar (text after a closing quote) or is not UTF-8",
        )
    return fields


class _Lines:
    """Text in chunks, line by line as long as that is asked for."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self._held = ""

    def next(self) -> tuple[str, str]:
        """The next line and its end; both are empty behind the last one."""
        searched = 0
        while True:
            end = _LINE_END.search(self._held, searched)
            # a \r at the end of a chunk may be the first half of \r\n
            if end and (end[0] != "\r" or end.end() < len(self._held)):
                line, self._held = self._held[: end.start()], self._held[end.end() :]
                return line, end[0]
            searched = max(len(self._held) - 1, 0)
            more = next(self._texts, None)
            if more is None:
                line, self._held = self._held, ""
                return (line[:-1], "\r") if line.endswith("\r") else (line, "")
            self._held += more
            if len(self._held) > MAX_RECORD_BYTES:
                raise UnreadableFile(
                    "record_too_big", f"a line has more than {MAX_RECORD_BYTES} bytes"
                )

    def rest(self, before: str = "") -> Iterator[str]:
        """What was not asked for line by line, behind a text."""
        if before or self._held:
            yield before + self._held
        yield from self._texts
