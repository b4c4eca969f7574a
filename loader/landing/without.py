"""Writes a file again without some of its records: all others, in its format, encoding and
compression, word for word.

What was written is read back and compared before anybody uses it.
"""

import codecs
import gzip
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import BinaryIO, cast

import zstandard

from loader.readers import UnreadableFile, read_records
from loader.readers.batch import WHITE_SPACE
from loader.readers.csv.rows import csv_texts
from loader.readers.formats import FileFormat
from loader.readers.json.array import json_texts
from loader.readers.lines import whole_lines
from loader.readers.text import TextSource, byte_order_mark, is_utf8

# The number of a record in its file, from 1, and its text as it lands.
IsDropped = Callable[[int, str], bool]


@dataclass(frozen=True)
class Content:
    """What a file holds, once some of its records are left out.

    dropped: the numbers of these.   kept: how many others there are.
    digest:  of the others, in their order.
    """

    dropped: frozenset[int]
    kept: int
    digest: str


def look_through(file: BinaryIO, fmt: FileFormat, is_dropped: IsDropped) -> Content:
    """What is left of a file without the records that are to be dropped. Raises UnreadableFile."""
    dropped = set()
    number = kept = 0
    digest = hashlib.sha256()
    for batch in read_records(file, fmt):
        for text, problem in zip(batch.records, batch.problems, strict=True):
            number += 1
            if is_dropped(number, text):
                dropped.add(number)
                continue
            kept += 1
            for part in (text, problem or ""):
                encoded = part.encode("utf-8", "surrogateescape")
                digest.update(b"%d:%b" % (len(encoded), encoded))
    return Content(frozenset(dropped), kept, digest.hexdigest())


def write_without(file: BinaryIO, fmt: FileFormat, content: Content, target: BinaryIO) -> None:
    """Write the file to `target`, which can be read, too, as `content` says it is left.

    Comments and blank lines between the records of a CSV file are left out. Not for Parquet.
    Raises UnreadableFile where what was written does not read as it should.
    """
    source = TextSource(file, fmt)
    encoding = "utf-8" if is_utf8(source.encoding) else source.encoding
    errors = "surrogateescape" if encoding == "utf-8" else "strict"
    encoder = codecs.getincrementalencoder(encoding)(errors)
    with _compressed(target, fmt) as out:
        out.write(byte_order_mark(file, fmt))
        for text in _texts(source, fmt, content.dropped):
            out.write(encoder.encode(text))
        out.write(encoder.encode("", final=True))
    target.flush()
    if look_through(target, fmt, lambda number, text: False).digest != content.digest:
        raise UnreadableFile("not_rewritten", "without these records it reads otherwise")


def _compressed(target: BinaryIO, fmt: FileFormat) -> AbstractContextManager[BinaryIO]:
    if fmt.compression == "gz":
        # without the time, so that the same content has the same bytes
        return cast(
            AbstractContextManager[BinaryIO],
            gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0),
        )
    if fmt.compression == "zst":
        compressor = zstandard.ZstdCompressor(write_checksum=True)
        return cast(
            AbstractContextManager[BinaryIO], compressor.stream_writer(target, closefd=False)
        )
    return nullcontext(target)


def _texts(source: TextSource, fmt: FileFormat, dropped: frozenset[int]) -> Iterator[str]:
    if fmt.kind == "ndjson":
        return _lines(source, dropped)
    if fmt.kind == "json":
        return _values(source, dropped)
    return _rows(source, fmt, dropped)


def _lines(source: TextSource, dropped: frozenset[int]) -> Iterator[str]:
    number = 0
    for block in whole_lines(source, lone_cr=False):
        for line in block.removesuffix("\n").split("\n"):
            number += bool(line.strip(WHITE_SPACE))
            if number not in dropped or not line.strip(WHITE_SPACE):
                yield f"{line}\n"


def _values(source: TextSource, dropped: frozenset[int]) -> Iterator[str]:
    is_array, values = json_texts(source)
    kept = _without(values, dropped)
    if not is_array:
        yield from (f"{value}\n" for value in kept)
        return
    yield "["
    separator = "\n"
    for value in kept:
        yield f"{separator}{value}"
        separator = ",\n"
    yield "\n]\n"


def _rows(source: TextSource, fmt: FileFormat, dropped: frozenset[int]) -> Iterator[str]:
    head, rows = csv_texts(source, fmt.dialect)
    end = next((end for end in ("\r\n", "\n", "\r") if end in head), "\n")
    yield head
    for row in _without(rows, dropped):
        yield f"{row}{end}"


def _without(texts: Iterable[str], dropped: frozenset[int]) -> Iterator[str]:
    return (text for number, text in enumerate(texts, start=1) if number not in dropped)
