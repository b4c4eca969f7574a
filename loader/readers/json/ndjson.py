"""NDJSON: one record a line."""

from __future__ import annotations

from collections.abc import Iterator

from loader.readers.batch import (
    BATCH_CHARS,
    WHITE_SPACE,
    Batch,
    Lines,
    Record,
    in_batches,
    isolated,
)
from loader.readers.depth import has_long_line
from loader.readers.lines import whole_lines
from loader.readers.text import TextSource


def read_ndjson(source: TextSource) -> Iterator[Batch | Lines]:
    """One record per line that is not white space only; whether it is JSON is not looked at.

    A line ends with \\n or \\r\\n. A line with bytes that are not UTF-8 has the problem
    'invalid_utf8', and its record is the base64 of its bytes.
    """
    for block in whole_lines(source, lone_cr=False):
        if "\r" in block:
            block = block.replace("\r\n", "\n")
        if source.damaged or len(block) > BATCH_CHARS or has_long_line(block):
            yield from in_batches(map(_record, _lines(block)))
        else:
            yield Lines(block)


def _lines(block: str) -> Iterator[str]:
    return (line for line in block.split("\n") if line.strip(WHITE_SPACE))


def _record(line: str) -> Record:
    return isolated(line) or (line, None, None)
