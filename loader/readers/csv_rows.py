"""CSV and TSV: each record as a JSON object of header -> verbatim text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from json.encoder import encode_basestring

from loader.readers.batch import (
    BATCH_CHARS,
    BATCH_RECORDS,
    Batch,
    Lines,
    Record,
    check_size,
    in_batches,
    isolated,
)
from loader.readers.csv_grammar import CsvGrammar
from loader.readers.errors import UnreadableFile
from loader.readers.formats import CsvDialect
from loader.readers.lines import physical_lines, whole_lines
from loader.readers.spool import Spool
from loader.readers.text import TextSource

# A record's text without its line end, and its fields; None where it breaks the grammar.
_Row = tuple[str, list[str] | None]


def read_csv(source: TextSource, dialect: CsvDialect) -> Iterator[Batch | Lines]:
    """One record per record after the header; all values are strings, as they stood.

    A record that breaks the grammar or has not as many fields as the header is its raw text with
    the problem 'malformed_csv'; one with bytes that are not UTF-8 has 'invalid_utf8'. Raises
    UnreadableFile 'bad_header'.
    """
    return _Reading(source, CsvGrammar(dialect)).batches()


def column_names(header: list[str]) -> list[str]:
    """Unique names: a repeated one gets `_2`, `_3`, ...; an empty one is `column_<n>`, from 1.

    A name that stands in the header once is never given to another column.
    """
    taken = set(header)
    seen: set[str] = set()
    last_suffix: dict[str, int] = {}
    names = []
    for number, given in enumerate(header, start=1):
        name = base = given or f"column_{number}"
        repeated = name in seen if given else name in taken
        while repeated:
            last_suffix[base] = last_suffix.get(base, 1) + 1
            name = f"{base}_{last_suffix[base]}"
            repeated = name in taken
        seen.add(name)
        taken.add(name)
        names.append(name)
    return names


class _Form:
    """How the records of a file are written, all with the names of its header."""

    def __init__(self, header: str, fields: list[str] | None) -> None:
        if fields is None or isolated(header):
            raise UnreadableFile(
                "bad_header",
                "the header line breaks the CSV grammar (a quote not closed, or text after a"
                " closing quote) or is not UTF-8",
            )
        members = [encode_basestring(name).replace("%", "%%") for name in column_names(fields)]
        self.width = len(members)
        self._escaped = "{" + ",".join(f"{name}:%s" for name in members) + "}"
        self._verbatim = "{" + ",".join(f'{name}:"%s"' for name in members) + "}"

    def record(self, fields: list[str]) -> str:
        """The record of as many fields as there are names."""
        return self._escaped % tuple(map(encode_basestring, fields))

    def lines(self, rows: list[list[str]]) -> list[Lines]:
        """The records of many rows; none where a row has another number of fields, or where they
        would be too long together."""
        if set(map(len, rows)) != {self.width}:
            return []
        fields = list(chain.from_iterable(rows))
        text = "".join(fields)
        size = len(encode_basestring(text)) - len('""')
        if len(rows) * len(self._verbatim) + size > BATCH_CHARS:
            return []
        record = self._verbatim
        if size > len(text):
            record = self._escaped
            fields = list(map(encode_basestring, fields))
        lines = []
        for start in range(0, len(rows), BATCH_RECORDS):
            count = min(BATCH_RECORDS, len(rows) - start)
            values = fields[start * self.width : (start + count) * self.width]
            lines.append(Lines("\n".join([record] * count) % tuple(values), count))
        return lines


class _Reading:
    """The reading of one file, a block of lines at a time."""

    def __init__(self, source: TextSource, grammar: CsvGrammar) -> None:
        self._source = source
        self._grammar = grammar
        self._form: _Form | None = None
        self._open: _OpenRow | None = None

    def batches(self) -> Iterator[Batch | Lines]:
        """All records.

        Where a quote is never closed, its line alone is the record, and the following lines are
        read anew. In them no quote can be left open (all their quotes came in pairs), so that
        happens once.
        """
        left: Iterable[str] | None = self._source
        while left is not None:
            blocks, left = whole_lines(left, lone_cr=True), None
            for block in _first_line_apart(blocks):
                yield from self._at_once(block) or in_batches(self._records(self._rows(block)))
            if self._open is not None:
                row, self._open = self._open, None
                yield from in_batches(self._records([(row.never_closed(), None)]))
                left = row.tail.chunks()

    def _at_once(self, block: str) -> list[Lines]:
        """The records of a block, all at once; none where something about it is unusual."""
        if self._form is None or self._open is not None or self._source.damaged:
            return []
        rows = self._grammar.split_rows(block)
        return self._form.lines(rows) if rows else []

    def _records(self, rows: Iterable[_Row]) -> Iterator[Record]:
        """The records of the rows, the first of all being the header."""
        for text, fields in rows:
            if self._form is None:
                self._form = _Form(text, fields)
            elif self._source.damaged and (record := isolated(text)):
                yield record
            elif fields is None or len(fields) != self._form.width:
                yield text, "malformed_csv", None
            else:
                yield self._form.record(fields), None, None

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
            elif quoted:
                fields, well_formed, is_open = grammar.split(line)
                if is_open:
                    self._open = _OpenRow(line, end)
                else:
                    yield line, fields if well_formed else None
            elif line:
                yield line, line.split(grammar.delimiter)


def _first_line_apart(blocks: Iterator[str]) -> Iterator[str]:
    """The same text, the line where the header stands in a block of its own."""
    for block in blocks:
        end = block.find("\n") + 1
        yield from filter(None, (block[:end], block[end:]))
        break
    yield from blocks


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
