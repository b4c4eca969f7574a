"""The grammar of a CSV record.

A quote opens only at the start of a field. Inside quotes a doubled quote (or an escaped one) is a
quote, and all else is text, line ends and delimiters included. Outside, a delimiter ends the field,
a line end the record, and a quote is text. Text between a closing quote and the next delimiter
breaks the grammar; the record ends at the same place all the same.
"""

from __future__ import annotations

import csv
import re
from typing import NamedTuple

from loader.readers.formats import CsvDialect


class Split(NamedTuple):
    """The fields that ended in a text; whether it kept to the grammar; whether a quote is open."""

    fields: list[str]
    well_formed: bool
    is_open: bool


class CsvGrammar:
    """The grammar under one dialect."""

    def __init__(self, dialect: CsvDialect) -> None:
        self.delimiter = dialect.delimiter
        self.quote = dialect.quote
        self._inner: re.Pattern[str] | None = None
        if dialect.quote is not None and dialect.escape not in (None, dialect.quote):
            quote, escape = re.escape(dialect.quote), re.escape(dialect.escape or "")
            self._inner = re.compile(f"{escape}(?:{escape}|{quote})|{quote}{quote}?")

    def split(self, text: str, *, inside: bool = False) -> Split:
        """The fields of one record, or of a part of it that ends with a line.

        `inside`: the text begins inside quotes. A line end in the text belongs to a quoted field.
        """
        delimiter, quote = self.delimiter, self.quote
        if quote is None:
            return Split(text.split(delimiter), True, False)
        if not inside and self._inner is None and text[:1] == text[-1:] == quote:
            # All fields quoted, none with a quote inside: the quotes are all accounted for.
            fields = text[1:-1].split(f"{quote}{delimiter}{quote}")
            if text.count(quote) == 2 * len(fields):
                return Split(fields, True, False)
        fields = []
        well_formed = True
        last_quote = text.rfind(quote)
        pos = -1 if inside else 0
        while inside or pos <= last_quote:
            if inside or text.startswith(quote, pos):
                inside = False
                end = self._closing_quote(text, pos + 1)
                if end < 0:
                    return Split(fields, well_formed, True)
                fields.append(self._unescaped(text[pos + 1 : end]))
                pos = end + 1
                if pos == len(text):
                    return Split(fields, well_formed, False)
                if text[pos] != delimiter:
                    well_formed = False
            else:
                start, pos = pos, text.find(delimiter, pos)
                fields.append(text[start:] if pos < 0 else text[start:pos])
                if pos < 0:
                    return Split(fields, well_formed, False)
            # On the delimiter now, or on text after a closing quote.
            pos = text.find(delimiter, pos) + 1
            if not pos:
                return Split(fields, well_formed, False)
        fields.extend(text[pos:].split(delimiter))
        return Split(fields, well_formed, False)

    def split_records(self, lines: list[str]) -> list[list[str]] | None:
        """The fields of each line, where each is a record that keeps to the grammar; else None.

        No line may hold a line end, or a character that is written as an escape in JSON but for
        the quote.
        """
        if self.quote is None or self._inner is not None:
            splits = [self.split(line) for line in lines]
            is_good = all(split.well_formed and not split.is_open for split in splits)
            return [split.fields for split in splits] if is_good else None
        # without an escape, the strict reader of the standard library has the same grammar, but
        # it goes on in the next line where a quote is open
        try:
            records = list(
                csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)
            )
        except csv.Error:
            return None
        return records if len(records) == len(lines) else None

    def _closing_quote(self, text: str, pos: int) -> int:
        quote = self.quote or ""
        if self._inner is not None:
            inner = (token for token in self._inner.finditer(text, pos) if token[0] == quote)
            closing = next(inner, None)
            return -1 if closing is None else closing.start()
        end = text.find(quote, pos)
        while end >= 0 and text.startswith(quote, end + 1):
            end = text.find(quote, end + 2)
        return end

    def _unescaped(self, text: str) -> str:
        quote = self.quote or ""
        if quote not in text and self._inner is None:
            return text
        if self._inner is None:
            return text.replace(quote + quote, quote)
        return self._inner.sub(lambda token: token[0][-1], text)
