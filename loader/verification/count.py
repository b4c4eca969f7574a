"""The independent count: how many records a file holds, by code that the readers do not use.

Only decompression and the choice of the encoding are shared. What a record is, is defined by the
readers; a disagreement with the rows landed means that one of the two is wrong.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from loader.readers.csv.head import read_head
from loader.readers.formats import CsvDialect, FileFormat
from loader.readers.parquet.rows import count_parquet
from loader.readers.text import encoded_chunks, is_utf8, undecodable
from loader.verification.comments import without_comments
from loader.verification.count_csv import records_in_csv
from loader.verification.count_json import records_in_json

_SPACE = b" \t\r"
# Where no line begins so, none is blank.
_BEGINS_BLANK = re.compile(rb"\n[ \t\r\n]")


def count_records(file: BinaryIO, fmt: FileFormat) -> int:
    """The number of records in the file. Raises UnreadableFile, mostly where reading would."""
    if fmt.kind == "parquet":
        return count_parquet(file, fmt)
    if fmt.kind == "json":
        return records_in_json(utf8_chunks(file, fmt))
    if fmt.kind == "ndjson":
        return _records_in_lines(utf8_chunks(file, fmt))
    return records_in_csv(*csv_records(file, fmt))


def csv_records(file: BinaryIO, fmt: FileFormat) -> tuple[Callable[[], Iterator[str]], CsvDialect]:
    """What gives the text of the records of a CSV file, from their start at each call, without
    comments; and the file's dialect."""

    def texts() -> Iterator[str]:
        return read_head(decoded_chunks(file, fmt), fmt.dialect).rest

    dialect = read_head(decoded_chunks(file, fmt), fmt.dialect).dialect
    return lambda: without_comments(texts, dialect), dialect


def _records_in_lines(chunks: Iterable[bytes]) -> int:
    """Lines that hold more than white space."""
    records = 0
    has_content = False
    for chunk in chunks:
        end = chunk.find(b"\n")
        if end < 0:
            has_content = has_content or bool(chunk.strip(_SPACE))
            continue
        records += has_content or bool(chunk[:end].strip(_SPACE))
        if _BEGINS_BLANK.search(chunk, end):
            *ended, last = chunk[end + 1 :].translate(None, _SPACE).split(b"\n")
            records += len(ended) - ended.count(b"")
            has_content = bool(last)
        else:
            records += chunk.count(b"\n", end + 1)
            has_content = not chunk.endswith(b"\n")
    return records + has_content


def decoded_chunks(file: BinaryIO, fmt: FileFormat) -> Iterator[str]:
    """The file's text; bytes that are not UTF-8 become lone surrogates."""
    encoding, chunks = encoded_chunks(file, fmt)
    if is_utf8(encoding):
        yield from codecs.iterdecode(chunks, "utf-8", "surrogateescape")
        return
    try:
        yield from codecs.iterdecode(chunks, encoding)
    except ValueError as error:
        raise undecodable(encoding) from error


def utf8_chunks(file: BinaryIO, fmt: FileFormat) -> Iterator[bytes]:
    """The file's text as UTF-8, bytes that are not UTF-8 as they are."""
    encoding, chunks = encoded_chunks(file, fmt)
    if is_utf8(encoding):
        yield from chunks
        return
    for text in decoded_chunks(file, fmt):
        yield text.encode("utf-8", "surrogatepass")
