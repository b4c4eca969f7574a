"""Records on their way to the caller: what one is, and how they are grouped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loader.readers.csv.form import CsvForm
from loader.readers.depth import any_too_deep
from loader.readers.errors import UnreadableFile

BATCH_RECORDS = 50_000
BATCH_CHARS = 8 << 20
# A compressed file of a few MB can hold one endless line. Python and DuckDB hold several copies
# of a record at a time, and a file must land within a GiB.
MAX_RECORD_BYTES = 64 << 20
# A line of NDJSON that has nothing else is blank.
WHITE_SPACE = " \t\r"
BASE64_POSITION = '{"encoding": "base64"}'

# The text, its problem, its position.
Record = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Batch:
    """Consecutive records in file order: three lists of equal length, never empty.

    At most BATCH_RECORDS records and about BATCH_CHARS characters; a bigger record comes alone.
    """

    records: list[str]
    problems: list[str | None]
    positions: list[str | None]

    def __len__(self) -> int:
        return len(self.records)

    def as_lines(self) -> Lines | None:
        """The same in one piece; None where that would not say everything."""
        if any(self.problems) or any(self.positions) or any_too_deep(self.records):
            return None
        text = "\n".join(self.records)
        return Lines(text) if text.count("\n") == len(self) - 1 else None


@dataclass(frozen=True)
class Lines:
    """A batch in one piece, which is taken apart only where that is needed: each line of `text`
    that is not blank is a record, none of them too deep and none with a problem; or, in a form of
    CSV, what that reads.

    At most BATCH_CHARS characters. Who inserts the records tells how many there are.
    """

    text: str
    form: CsvForm | None = None

    @property
    def records(self) -> list[str]:
        """The text of each record."""
        return [record for record, _ in self._read()]

    @property
    def problems(self) -> list[str | None]:
        """The problem of each record."""
        return [problem for _, problem in self._read()]

    @property
    def positions(self) -> list[str | None]:
        """The position of each record."""
        return [None] * len(self.records)

    def _read(self) -> Iterator[tuple[str, str | None]]:
        lines = self.text.split("\n")
        if self.form:
            return map(self.form.read, filter(None, lines))
        return ((line, None) for line in lines if line.strip(WHITE_SPACE))


def in_batches(records: Iterable[Record]) -> Iterator[Batch]:
    """The same records, grouped. Raises UnreadableFile 'record_too_big'."""
    batch, chars = Batch([], [], []), 0
    for text, problem, position in records:
        chars += len(text)
        if chars > BATCH_CHARS or len(batch.records) >= BATCH_RECORDS:
            check_size(utf8_bytes(text))
            if batch.records:
                yield batch
            batch, chars = Batch([], [], []), len(text)
        batch.records.append(text)
        batch.problems.append(problem)
        batch.positions.append(position)
    if batch.records:
        yield batch


def check_size(size: int) -> None:
    """Raises UnreadableFile 'record_too_big' where a record of so many bytes is beyond reason."""
    if size > MAX_RECORD_BYTES:
        raise UnreadableFile("record_too_big", f"a record has more than {MAX_RECORD_BYTES} bytes")


def utf8_bytes(text: str) -> int:
    """The size of text that may hold the lone surrogates of undecodable bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def isolated(text: str) -> Record | None:
    """The record that stands for text with bytes that are not UTF-8; None where all bytes are.

    Such bytes were decoded to lone surrogates (see text.py), from which they come back unchanged.
    """
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape")
        return b64encode(raw).decode("ascii"), "invalid_utf8", BASE64_POSITION
    return None
