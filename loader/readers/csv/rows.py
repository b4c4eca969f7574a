"""CSV and TSV: each record as a JSON object of header -> verbatim text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from loader.readers.batch import (
    BATCH_CHARS,
    Batch,
    Lines,
    Record,
    check_size,
    in_batches,
    isolated,
)
from loader.readers.csv.form import MALFORMED, CsvForm
from loader.readers.csv.grammar import CsvGrammar
from loader.readers.csv.head import Head, read_head
from loader.readers.csv.spool import Spool
from loader.readers.formats import CsvDialect
from loader.readers.lines import physical_lines, whole_lines
from loader.readers.text import TextSource

BYTE_ORDER_MARK = "\ufeff"
# A record's text without its line end, and its fields; None where it breaks the grammar.
_Row = tuple[str, list[str] | None]


def read_csv(source: TextSource, dialect: CsvDialect) -> Iterator[Batch | Lines]:
    """One record per record after the header; all values are strings, as they stood.

    A record that breaks the grammar or has not as many fields as the header is its raw text with
    the problem 'malformed_csv'; one that is the header once more has 'repeated_header', one with
    bytes that are not UTF-8 'invalid_utf8'. Raises UnreadableFile 'bad_header' or 'bad_dialect'.
    """
    head = read_head(source, dialect)
    if head.header:
        yield from _Reading(source, head).batches()


def csv_texts(source: TextSource, dialect: CsvDialect) -> tuple[str, Iterator[str]]:
    """The text up to the first record, and the text of each record as it stands, without its line
    end. Raises as read_csv does."""
    read: list[str] = []

    def noted() -> Iterator[str]:
        for text in source:
            read.append(text)
            yield text

    head = read_head(noted(), dialect)
    before = "".join(read)
    # what was read beyond the head comes first, if there is any
    first = next(head.rest, "")
    if "".join(read) == before:
        before = before.removesuffix(first)
    rest = chain([first] if first else [], head.rest)
    return before, _Reading(source, replace(head, rest=rest)).texts() if head.header else iter(())


class _Reading:
    """The reading of one file, a block of lines at a time."""

    def __init__(self, source: TextSource, head: Head) -> None:
        self._source = source
        self._head = head
        self._grammar = CsvGrammar(head.dialect)
        self._form = CsvForm(head.header, head.dialect.delimiter)
        self._open: _OpenRow | None = None
        # lines that no plain row may be: they begin and end so
        line = head.dialect.delimiter.join(head.header)
        self._marks = [f"\n{line}\n", f"\n{BYTE_ORDER_MARK}{line}\n"]
        if head.dialect.comment:
            self._marks.append(f"\n{head.dialect.comment}")

    def batches(self) -> Iterator[Batch | Lines]:
        """All records.

        Where a quote is never closed, its line alone is the record, and the following lines are
        read anew. In them no quote can be left open (all their quotes came in pairs), so that
        happens once.
        """
        for part in self._parts():
            if isinstance(part, _OpenRow):
                yield from in_batches(self._records([(part.never_closed(), None)]))
            elif (text := self._written_plainly(part)) is not None:
                yield Lines(text, self._form)
            else:
                yield from in_batches(self._records(self._rows(part)))

    def texts(self) -> Iterator[str]:
        """The text of all records."""
        for part in self._parts():
            if isinstance(part, _OpenRow):
                yield part.never_closed()
            else:
                yield from (text for text, _ in self._rows(part))

    def _parts(self) -> Iterator[str | _OpenRow]:
        """The blocks of lines, each asked for when the one before is read, and the row whose quote
        is open at their end."""
        left: Iterable[str] | None = self._head.rest
        while left is not None:
            blocks, left = whole_lines(left, lone_cr=True), None
            yield from blocks
            if self._open is not None:
                row, self._open = self._open, None
                yield row
                left = row.tail.chunks()

    def _written_plainly(self, block: str) -> str | None:
        """The lines of a block as the form reads them, where that is possible: those with quotes
        become records here, if they are few."""
        form, quote = self._form, self._grammar.quote or '"'
        if self._open is not None or self._source.damaged:
            return None
        if len(block) > BATCH_CHARS:
            return None
        text = block.replace("\r\n", "\n") if "\r" in block else block
        if not form.is_plain(text, apart_from=quote):
            return None
        framed = f"\n{text}\n"
        if any(mark in framed for mark in self._marks):
            return None
        pieces, quoted = _quoted_lines_apart(text, quote)
        lines = text.count("\n") + 1
        if len(quoted) > lines // 4:
            return None
        rows = self._grammar.split_records(quoted)
        if rows is None or any(
            len(fields) != form.width or fields == self._head.header for fields in rows
        ):
            return None
        pieces[1::2] = map(form.record, rows)
        text = "".join(pieces)
        return text if form.size_of(text, lines) <= BATCH_CHARS else None

    def _records(self, rows: Iterable[_Row]) -> Iterator[Record]:
        """The records of the rows."""
        for text, fields in rows:
            if self._source.damaged and (record := isolated(text)):
                yield record
            elif self._is_header(text, fields):
                yield text, "repeated_header", None
            elif fields is None or len(fields) != self._form.width:
                yield text, MALFORMED, None
            else:
                yield self._form.record(fields), None, None

    def _is_header(self, text: str, fields: list[str] | None) -> bool:
        """Whether a row is the header once more, as where files were put together."""
        if text.startswith(BYTE_ORDER_MARK):
            fields = self._grammar.split(text.removeprefix(BYTE_ORDER_MARK)).fields
        return fields == self._head.header

    def _rows(self, block: str) -> Iterator[_Row]:
        """The rows that end in a block, line by line; blank lines hold none."""
        grammar = self._grammar
        for line, end in physical_lines(block):
            quoted = grammar.quote is not None and grammar.quote in line
            if self._open is not None:
                if not quoted:
                    self._open.tail.add(line + end)
                    continue
                fields, _, is_open = grammar.split(line, inside=True)
                if not is_open:
                    text = self._open.closed(line)
                    self._open = None
                    fields, well_formed, _ = grammar.split(text)
                    yield text, fields if well_formed else None
                elif fields:
                    self._open.reopened(line, end)
                else:
                    self._open.tail.add(line + end)
            elif self._head.dialect.is_comment(line):
                continue
            elif quoted:
                fields, well_formed, is_open = grammar.split(line)
                if is_open:
                    self._open = _OpenRow(line, end)
                else:
                    yield line, fields if well_formed else None
            elif line:
                yield line, line.split(grammar.delimiter)


def _quoted_lines_apart(text: str, quote: str) -> tuple[list[str], list[str]]:
    """The text in pieces, of which every second is a line with quotes; and these lines."""
    pieces: list[str] = []
    end = 0
    while (found := text.find(quote, end)) >= 0:
        start = text.rfind("\n", end, found) + 1 or end
        pieces.append(text[end:start])
        end = text.find("\n", found)
        if end < 0:
            end = len(text)
        pieces.append(text[start:end])
    pieces.append(text[end:])
    return pieces, pieces[1::2]


class _OpenRow:
    """A record whose quote is open at the end of a line."""

    def __init__(self, line: str, end: str) -> None:
        # The lines up to the one where the open quote stands, without its line end; those after.
        self._head = Spool()
        self._head.add(line)
        self._head_end = end
        self.tail = Spool()

    def reopened(self, line: str, end: str) -> None:
        """The quote was closed on `line`, and another opened there."""
        self._head.add(self._head_end)
        for text in self.tail.chunks():
            self._head.add(text)
        self._head.add(line)
        self._head_end = end
        self.tail = Spool()

    def closed(self, line: str) -> str:
        """The text of the record that ends with `line`."""
        check_size(self._head.size + self.tail.size)
        return "".join((*self._head.chunks(), self._head_end, *self.tail.chunks(), line))

    def never_closed(self) -> str:
        """The text up to the end of the line where the quote stands; the rest is `tail`."""
        check_size(self._head.size)
        return "".join(self._head.chunks())
