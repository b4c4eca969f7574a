"""CSV and TSV: each record as a JSON object of header -> verbatim text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring
from typing import NamedTuple

from loader.readers.batch import Batch, Record, check_size, in_batches, isolated
from loader.readers.csv_grammar import CsvGrammar
from loader.readers.errors import UnreadableFile
from loader.readers.formats import CsvDialect
from loader.readers.lines import physical_lines, whole_lines
from loader.readers.spool import Spool
from loader.readers.text import TextSource


class _Row(NamedTuple):
    """A record's text without its line end, and its fields; None where it breaks the grammar."""

    text: str
    fields: list[str] | None


def read_csv(source: TextSource, dialect: CsvDialect) -> Iterator[Batch]:
    """One record per record after the header; all values are strings, as they stood.

    A record that breaks the grammar or has not as many fields as the header is its raw text with
    the problem 'malformed_csv'; one with bytes that are not UTF-8 has 'invalid_utf8'. Raises
    UnreadableFile 'bad_header'.
    """
    return in_batches(_records(source, dialect))


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


def _records(source: TextSource, dialect: CsvDialect) -> Iterator[Record]:
    rows = _rows(source, CsvGrammar(dialect))
    header = next(rows, None)
    if header is None:
        return
    if header.fields is None or isolated(header.text):
        raise UnreadableFile(
            "bad_header",
            "the header line breaks the CSV grammar (a quote not closed, or text after a closing"
            " quote) or is not UTF-8",
        )
    names = column_names(header.fields)
    width = len(names)
    members = (encode_basestring(name).replace("%", "%%") + ":%s" for name in names)
    template = "{" + ",".join(members) + "}"
    for text, fields in rows:
        if source.damaged and (record := isolated(text)):
            yield record
        elif fields is None or len(fields) != width:
            yield text, "malformed_csv", None
        else:
            yield template % tuple(map(encode_basestring, fields)), None, None


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


def _rows(chunks: Iterable[str], grammar: CsvGrammar) -> Iterator[_Row]:
    """All records, the header included; blank lines hold none.

    Where a quote is never closed, its line alone is the record, and the following lines are read
    anew. In them no quote can be left open (all their quotes came in pairs), so that happens once.
    """
    left: Iterable[str] | None = chunks
    while left is not None:
        blocks, left = whole_lines(left, lone_cr=True), None
        row: _OpenRow | None = None
        for block in blocks:
            for line, end in physical_lines(block):
                quoted = grammar.quote is not None and grammar.quote in line
                if row is not None:
                    if not quoted:
                        row.tail.add(line + end)
                        continue
                    fields, _, is_open = grammar.split(line, inside=True)
                    if not is_open:
                        text = row.closed(line)
                        row = None
                        fields, well_formed, _ = grammar.split(text)
                        yield _Row(text, fields if well_formed else None)
                    elif fields:
                        row.reopened(line, end)
                    else:
                        row.tail.add(line + end)
                elif quoted:
                    fields, well_formed, is_open = grammar.split(line)
                    if is_open:
                        row = _OpenRow(line, end)
                    else:
                        yield _Row(line, fields if well_formed else None)
                elif line:
                    yield _Row(line, line.split(grammar.delimiter))
        if row is not None:
            yield _Row(row.never_closed(), None)
            left = row.tail.chunks()
