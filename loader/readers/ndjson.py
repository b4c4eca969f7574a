"""NDJSON: one record a line."""

from __future__ import annotations

from collections.abc import Iterator

from loader.readers.batch import BATCH_CHARS, BATCH_RECORDS, Batch, Record, in_batches, isolated
from loader.readers.lines import whole_lines
from loader.readers.text import TextSource

_SPACE = " \t\r"


def read_ndjson(source: TextSource) -> Iterator[Batch]:
    """One record per line that is not white space only; whether it is JSON is not looked at.

    A line ends with \\n or \\r\\n. A line with bytes that are not UTF-8 has the problem
    'invalid_utf8', and its record is the base64 of its bytes.
    """
    for block in whole_lines(source, lone_cr=False):
        lines = _lines(block)
        if source.damaged or len(block) > BATCH_CHARS:
            yield from in_batches(_record(line) for line in lines)
            continue
        for start in range(0, len(lines), BATCH_RECORDS):
            records = lines[start : start + BATCH_RECORDS]
            nothing: list[str | None] = [None] * len(records)
            yield Batch(records, nothing, nothing.copy())


def _lines(block: str) -> list[str]:
    if "\r" in block:
        block = block.replace("\r\n", "\n")
    lines = block.split("\n")
    if not lines[-1]:
        lines.pop()
    # Blank lines and lines that begin with white space sort first: one cheap test for all lines.
    if min(lines, default="!") < "!":
        return [line for line in lines if line.strip(_SPACE)]
    return lines


def _record(line: str) -> Record:
    return isolated(line) or (line, None, None)
