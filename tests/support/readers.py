"""What the tests of the readers share."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads
from typing import Any
from unittest import mock

import pytest

from loader.readers import UnreadableFile, format_of, read_records
from loader.readers.batch import Lines
from loader.verification.content import repeats_content
from loader.verification.count import count_records

Found = list[tuple[str, str | None]]
FoundWhere = list[tuple[str, str | None, str | None]]


def read_all(content: bytes, name: str, **declared: Any) -> FoundWhere:
    """(record, problem, position) of each record; the independent count must agree, and
    the independent comparison with the content."""
    file, fmt = io.BytesIO(content), format_of(name, **declared)
    found: FoundWhere = []
    for batch in read_records(file, fmt):
        assert len(batch.records) == len(batch.problems) == len(batch.positions)
        # lines may all be blank
        assert batch.records or isinstance(batch, Lines)
        found += zip(batch.records, batch.problems, batch.positions, strict=True)
    assert count_records(file, fmt) == len(found)
    if fmt.kind != "parquet":
        landed = [_content(record, problem, fmt.kind) for record, problem, _ in found]
        assert repeats_content(landed, file, fmt)
    return found


def _content(record: str, problem: str | None, kind: str) -> bytes:
    """What a record says of its file."""
    if problem == "invalid_utf8":
        return b64decode(record)
    return ("".join(loads(record).values()) if kind == "csv" and not problem else record).encode()


def read(content: bytes, name: str, **declared: Any) -> Found:
    """(record, problem) of each record."""
    return [(record, problem) for record, problem, _ in read_all(content, name, **declared)]


def texts(content: bytes, name: str, **declared: Any) -> list[str]:
    """The records of a file in which all are well."""
    found = read(content, name, **declared)
    assert {problem for _, problem in found} <= {None}
    return [record for record, _ in found]


def refusal(content: bytes, name: str, **declared: Any) -> UnreadableFile:
    """Why the file is refused."""
    with pytest.raises(UnreadableFile) as caught:
        read(content, name, **declared)
    return caught.value


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    """Chunks of so many bytes, so that everything is cut everywhere."""
    with mock.patch("loader.readers.bytestream.CHUNK_BYTES", size):
        yield
