"""Readers: one file's bytes into records of verbatim text."""

from loader.readers.batch import Batch
from loader.readers.errors import UnreadableFile
from loader.readers.formats import CsvDialect, FileFormat, format_of
from loader.readers.records import read_records
from loader.readers.text import detected_encoding

__all__ = [
    "Batch",
    "CsvDialect",
    "FileFormat",
    "UnreadableFile",
    "detected_encoding",
    "format_of",
    "read_records",
]
