"""Counts the records of a CSV file by its quotes and line ends alone; fields are not looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from loader.readers.formats import CsvDialect

# Twice as fast as a search for the text.
_BLANK_LINE = re.compile("\n\n")


def records_in_csv(texts: Callable[[], Iterable[str]], dialect: CsvDialect) -> int:
    """The number of records in the text after the header, without comments.

    `texts` gives the text from its start, in chunks; it is called again where a quote is never
    closed.
    """
    counter = Counter(dialect)
    for text in texts():
        counter.feed(text)
    if not counter.ends_inside():
        return counter.total()
    # The line where the quote stands is one record; the lines after it are counted anew, and no
    # quote can be open at their end: all their quotes came in pairs.
    rest = Counter(dialect)
    for text in _after_line(texts(), counter.opened_at):
        rest.feed(text)
    return counter.opened_in + 1 + rest.total()


class Counter:
    """Reads text in chunks. `opened_at`: the offset of the last opening quote in characters;
    `opened_in`: how many records end before the one it stands in."""

    def __init__(self, dialect: CsvDialect) -> None:
        quote, escape = dialect.quote, dialect.escape
        self._quote = quote
        self._field_ends = f"{dialect.delimiter}\r\n"
        self._opening: re.Pattern[str] | None = None
        if quote is not None:
            q = re.escape(quote)
            self._opening = re.compile(f"[{re.escape(self._field_ends)}]{q}")
            # A whole token or the half of one that the next chunk may complete.
            tokens = f"{q}{q}?"
            if escape not in (None, quote):
                e = re.escape(escape or "")
                tokens = f"{e}(?:{e}|{q})?|{tokens}"
            self._inner = re.compile(tokens)
        self._usual_neighbours = {"", *self._field_ends}
        self._all_in_pairs = escape in (None, quote)
        self.opened_at = -1
        self.opened_in = 0
        self._records = 0
        self._has_content = False
        self._at_field_start = True
        self._inside = False
        self._held = ""
        self._seen = 0

    def feed(self, text: str) -> None:
        """Read on."""
        text, self._held = self._held + text, ""
        if self._feed_whole(text):
            return
        pos = 0
        while pos < len(text):
            pos = self._skip_quoted(text, pos) if self._inside else self._skip_plain(text, pos)
        self._seen += len(text) - len(self._held)

    def ends_inside(self) -> bool:
        """Whether a quote is open, if this is the end."""
        return self._inside and self._held != self._quote

    def total(self) -> int:
        """The records so far, if this is the end."""
        return self._records + self._has_content

    def _feed_whole(self, text: str) -> bool:
        """The fast way: every second piece between quotes is text outside of them. That holds where
        all quotes stand at the ends of fields or in pairs inside; otherwise False, nothing done."""
        quote = self._quote
        starts_inside = self._inside
        if quote is None or not self._all_in_pairs or text.endswith(quote):
            return False
        if text.startswith(quote) and not starts_inside and not self._at_field_start:
            return False
        pieces = text.split(quote)
        ends_inside = starts_inside == (len(pieces) % 2 == 1)
        outside = pieces[starts_inside::2]
        before_quotes = outside if ends_inside else outside[:-1]
        after_quotes = outside if starts_inside else outside[1:]
        neighbours = {piece[-1:] for piece in before_quotes}
        neighbours.update(piece[:1] for piece in after_quotes)
        if not neighbours <= self._usual_neighbours:
            return False
        self._count_lines(f"{quote * starts_inside}{quote.join(outside)}{quote * ends_inside}")
        if ends_inside:
            opening = len(pieces) - 1
            while opening > 1 and not pieces[opening - 1]:
                opening -= 2  # a pair of quotes inside
            if opening > 0:
                self.opened_at = self._seen + len(text) - len(quote.join(pieces[opening:])) - 1
                self.opened_in = self._records
        self._inside = ends_inside
        self._at_field_start = not ends_inside and text[-1:] in self._field_ends
        self._seen += len(text)
        return True

    def _skip_plain(self, text: str, pos: int) -> int:
        """Up to the next quoted field, or into it where it begins here."""
        if self._quote is not None and self._at_field_start and text.startswith(self._quote, pos):
            self.opened_at, self.opened_in = self._seen + pos, self._records
            self._inside = self._has_content = True
            return pos + 1
        opening = self._opening and self._opening.search(text, pos)
        end = opening.end() - 1 if opening else len(text)
        self._at_field_start = text[end - 1] in self._field_ends
        self._count_lines(text[pos:end])
        return end

    def _skip_quoted(self, text: str, pos: int) -> int:
        """Past the closing quote, or to the end of the text."""
        for token in self._inner.finditer(text, pos):
            if len(token[0]) == 1 and token.end() == len(text):
                self._held = token[0]
            elif token[0] == self._quote:
                self._inside = self._at_field_start = False
                return token.end()
        return len(text)

    def _count_lines(self, text: str) -> None:
        if "\n" not in text and "\r" not in text:
            self._has_content = self._has_content or bool(text)
            return
        if "\r" in text:
            # The blank line that this makes of a \r\n cut in two holds no record, as any other.
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        end = text.find("\n")
        self._records += self._has_content or end > 0
        if _BLANK_LINE.search(text, end):
            *ended, last = text[end + 1 :].split("\n")
            self._records += len(ended) - ended.count("")
            self._has_content = bool(last)
        else:
            self._records += text.count("\n", end + 1)
            self._has_content = not text.endswith("\n")


def _after_line(texts: Iterable[str], offset: int) -> Iterator[str]:
    """The text from the first line end at or after `offset` on."""
    skipping = True
    for text in texts:
        if not skipping:
            yield text
        elif offset >= len(text):
            offset -= len(text)
        elif line_end := re.compile("[\r\n]").search(text, offset):
            skipping = False
            yield text[line_end.start() :]
        else:
            offset = 0
