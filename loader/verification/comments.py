"""The text of a CSV file without its comments, found by code that the readers do not use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from loader.readers.formats import CsvDialect
from loader.readers.lines import physical_lines, whole_lines
from loader.verification.count_csv import Counter


def without_comments(texts: Callable[[], Iterable[str]], dialect: CsvDialect) -> Iterator[str]:
    """The text in chunks, without the lines outside quotes that are comments.

    `texts` gives the text from its start; it is called up to three times.
    """
    if dialect.comment is None or not any(dialect.is_comment(line) for line, _ in _lines(texts())):
        yield from texts()
        return
    last = _line_of_open_quote(texts(), dialect)
    counter = Counter(dialect)
    for number, (line, end) in enumerate(_lines(texts())):
        if not counter.ends_inside() and dialect.is_comment(line):
            continue
        yield line + end
        counter.feed(line + end)
        if number == last:
            # a quote that is never closed spoils its line alone
            counter = Counter(dialect)


def _line_of_open_quote(texts: Iterable[str], dialect: CsvDialect) -> int | None:
    """The number of the line with the quote that is never closed; None where all are."""
    counter = Counter(dialect)
    opened = 0
    for number, (line, end) in enumerate(_lines(texts)):
        if counter.ends_inside() or not dialect.is_comment(line):
            before = counter.opened_at
            counter.feed(line + end)
            if counter.opened_at > before:
                opened = number
    return opened if counter.ends_inside() else None


def _lines(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for block in whole_lines(texts, lone_cr=True):
        yield from physical_lines(block)
