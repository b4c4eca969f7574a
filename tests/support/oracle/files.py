"""Files of records, and how each record is to be read."""

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from tests.support.oracle.entities import SOURCES

Json = Any
# The file with its source's folder, and the row in it from 1. A later version of the file has its
# number behind the name: "app/1.ndjson (2)". A deletion that a full delivery implies has row 0.
RowId = tuple[str, int]


@dataclass(frozen=True)
class File:
    """A file: its records as they stand, in order.

    name:   its ending tells the format: .csv, .ndjson, or .json for an array.
    header: the first line of a CSV file.
    """

    source: str
    name: str
    records: tuple[bytes, ...]
    header: str = ""

    @property
    def path(self) -> str:
        return f"{self.source}/{self.name}"

    @property
    def content(self) -> bytes:
        if self.name.endswith(".json"):
            return b"[" + b",\n ".join(self.records) + b"]\n"
        lines = (self.header.encode(), *self.records) if self.header else self.records
        return b"".join(line + b"\n" for line in lines)


def in_order_of_landing(files: Iterable[File]) -> list[File]:
    """Files that lie in the landing folder together, as the hub takes them up."""
    sources = list(SOURCES)
    return sorted(files, key=lambda file: (sources.index(file.source), file.name))


@dataclass(frozen=True)
class Number:
    """A number of JSON: its digits as they stand."""

    digits: str


@dataclass(frozen=True)
class Read:
    """A record that was read: its text, and its fields or the problem."""

    text: str
    fields: dict[str, Json] | None
    problem: str | None = None


def read_record(file: File, record: bytes) -> Read:
    try:
        text = record.decode()
    except UnicodeDecodeError:
        return Read(base64.b64encode(record).decode(), None, "invalid_utf8")
    if file.header:
        names, values = next(csv.reader([file.header])), next(csv.reader(io.StringIO(text)))
        if len(names) != len(values):
            return Read(text, None, "malformed_csv")
        row = dict(zip(names, values, strict=True))
        return Read(json.dumps(row, separators=(",", ":"), ensure_ascii=False), row)
    try:
        value = json.loads(
            text,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse,
            object_pairs_hook=_members,
        )
    except _DoubledName:
        return Read(text, None, "duplicate_name")
    except ValueError:
        return Read(text, None, "malformed_json")
    if not isinstance(value, dict):
        return Read(text, None, "not_an_object")
    return Read(text, value)


class _DoubledName(Exception):
    pass


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _DoubledName
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def as_text(value: Json) -> str | None:
    """A JSON value as the text of a column: a string as it is, all else as JSON writes it."""
    if value is None or isinstance(value, str):
        return value
    return _as_json(value)


def _as_json(value: Json) -> str:
    if isinstance(value, dict):
        members = (f"{_as_json(name)}:{_as_json(member)}" for name, member in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_json, value)) + "]"
    if isinstance(value, Number):
        return value.digits
    return json.dumps(value, ensure_ascii=False)


def canonical(value: Json, number: Callable[[str], Any]) -> Any:
    """A JSON value such that equal ones are equal whatever the order of their keys; 1 is not "1"
    and not true."""
    if isinstance(value, dict):
        members = ((name, canonical(member, number)) for name, member in value.items())
        return ("object", frozenset(members))
    if isinstance(value, list):
        return ("array", tuple(canonical(member, number) for member in value))
    if isinstance(value, Number):
        return ("number", number(value.digits))
    return (type(value).__name__, value)
