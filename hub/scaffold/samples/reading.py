"""Reads a sample as landing would: the same readers, the same checks, the same problems."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from hub.scaffold.samples.file_format import find_format
from loader.errors import WrongUse
from loader.landing.fields import note_fields
from loader.landing.insert import insert_records
from loader.readers import UnreadableFile, format_of, read_records

# Of so many records the guesses are made; more would add no evidence, and take time.
MOST_RECORDS = 10_000
MOST_CHARS = 16 << 20
# An array of so many objects in a single record is a page of an API, not a record.
_FEWEST_ITEMS = 1
_OF_A_PAGE = re.compile(
    r"data|items|records|results|rows|entries|values|meta|metadata|links|paging|pagination|page|"
    r"pages|per_page|page_size|size|limit|offset|count|total|total_count|next|next_page|previous|prev|"
    r"cursor|has_more|status|code|success|ok|error|errors|message|version|generated_at|exported_at|"
    r"timestamp|request|response|result|payload|hits",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sample:
    """The first records of a file.

    declared:   what `format` of the source must say.
    evidence:   what was found of the file, in words.
    texts:      the records that can be read, in file order.
    unreadable: how many cannot, by their problem.
    is_part:    whether the file has more records than were read.
    """

    path: Path
    declared: Mapping[str, Any]
    evidence: tuple[str, ...]
    texts: tuple[str, ...]
    unreadable: Mapping[str, int]
    is_part: bool

    @property
    def read(self) -> int:
        """How many records were read."""
        return len(self.texts) + sum(self.unreadable.values())

    @property
    def kind(self) -> str:
        """What the file is called in a description."""
        kind = format_of(self.path.name, **self.declared).kind
        return {"ndjson": "NDJSON", "json": "JSON", "csv": "CSV", "parquet": "Parquet"}[kind]


def read_sample(
    path: Path, header: Sequence[str] | None = None, most_records: int = MOST_RECORDS
) -> Sample:
    """The first records of a file, and how it is written.

    header: the names of the fields of a CSV file that has no line for them.
    Raises WrongUse where it is no file, its format cannot be told, or none of its records can be
    read.
    """
    try:
        with path.open("rb") as file:
            found = find_format(path, file, header)
            texts, unreadable, is_part = _records(path, file, found.declared, most_records)
    except UnreadableFile as error:
        raise WrongUse(
            f"{path}",
            f"{error.reason}: {error}",
            "Give a file that lands: JSON, NDJSON, CSV or Parquet (docs/extending.md).",
        ) from error
    except OSError as error:
        raise WrongUse(
            f"{path}", f"cannot be read: {error.strerror}", "Name a file with sample records."
        ) from error
    sample = Sample(path, found.declared, found.evidence, tuple(texts), unreadable, is_part)
    if not texts:
        problems = ", ".join(f"{name} {count}" for name, count in unreadable.items())
        raise WrongUse(
            f"{path}",
            f"none of its records can be read: {problems}" if problems else "it has no record",
            "Give a file with objects, each of them a record, or with rows under a header.",
        )
    _refuse_envelope(sample)
    return sample


def _records(
    path: Path, file: Any, declared: Mapping[str, Any], most: int
) -> tuple[list[str], Mapping[str, int], bool]:
    """The texts of the readable records, the problems of the others, and whether there are more."""
    fmt = format_of(path.name, **declared)
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.sample (load_id bigint, row_number bigint, record varchar, "
            "problem varchar, position varchar)"
        )
        connection.execute(
            "create table raw.fields (load_id bigint, source varchar, field varchar, "
            "type varchar, records bigint)"
        )
        rows = chars = 0
        is_part = False
        for batch in read_records(file, fmt):
            if rows >= most or chars >= MOST_CHARS:
                is_part = True
                break
            rows += insert_records(connection, "sample", 1, rows, batch)
            chars += sum(map(len, batch.records))
        if rows > most:
            is_part = True
            connection.execute("delete from raw.sample where row_number > ?", [most])
        note_fields(connection, "sample", 1)
        found = connection.execute(
            "select record, problem from raw.sample order by row_number"
        ).fetchall()
    return (
        [record for record, problem in found if problem is None],
        Counter(problem for _, problem in found if problem is not None),
        is_part,
    )


def _refuse_envelope(sample: Sample) -> None:
    """Raise WrongUse where one object holds the records: files land an element or a line each."""
    if sample.read > 1:
        return
    (text,) = sample.texts
    record = json.loads(text)
    place = _place_of_items(record)
    if place is None:
        return
    raise WrongUse(
        f"{sample.path}",
        f"it is one object that holds the records, under {'.'.join(place)}; a file lands as the "
        "elements of an array, or an object a line",
        f"Take them out, as with `jq -c '.{'.'.join(place)}[]' FILE > FILE.ndjson`; pages of an "
        "API are pulled with `http: items:` (docs/http.md).",
    )


def _place_of_items(record: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Where in a record of a page's words only an array of objects stands."""
    if not all(_is_of_page(name) or _is_items(record[name]) for name in record):
        return None
    for name, value in record.items():
        if _is_items(value) and (len(record) == 1 or len(value) > 1 or _is_of_page(name)):
            return (name,)
    for name, value in record.items():
        if isinstance(value, dict) and (place := _place_of_items(value)):
            return (name, *place)
    return None


def _is_of_page(name: str) -> bool:
    return _OF_A_PAGE.fullmatch(name.strip("@_$")) is not None


def _is_items(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= _FEWEST_ITEMS
        and all(isinstance(item, dict) for item in value)
    )
