"""Readers: one file's bytes into records of verbatim text, and an independent count of them."""

from loader.readers.batch import Batch
from loader.readers.content import repeats_content
from loader.readers.count import count_records
from loader.readers.errors import UnreadableFile
from loader.readers.formats import CsvDialect, FileFormat, format_of
from loader.readers.records import read_records
from loader.readers.text import detected_encoding

__all__ = [
    "Batch",
    "CsvDialect",
    "FileFormat",
    "UnreadableFile",
    "count_records",
    "detected_encoding",
    "format_of",
    "read_records",
    "repeats_content",
]
