"""The hub's logic for events as many write it first: one loop in Python, tables in SQLite.

Same content is a duplicate, the same checks, the same guard, dead letters with all reasons, an
entry in the lineage for each step, the target, in one transaction for the file. It is spared what
the hub does besides: no raw records, no ledger of files, no other entity, no views, no tests.
"""

import hashlib
import json
import math
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

# rows whose lineage and letters are written together
_BATCH = 50_000

_TABLES = """
pragma cache_size = -1048576;
create table if not exists seen (digest blob primary key) without rowid;
create table if not exists events (
    key text primary key, name text, value real, ts text, digest blob, row_number integer
) without rowid;
create table if not exists dead_letters (row_number integer, record text, reasons text, error text);
create table if not exists lineage (row_number integer, key text, step text, detail text);
"""

_UPSERT = """
insert into events values (?, ?, ?, ?, ?, ?)
on conflict (key) do update set
    name = excluded.name, value = excluded.value, ts = excluded.ts, digest = excluded.digest,
    row_number = excluded.row_number
where excluded.ts > ts or (excluded.ts = ts and excluded.digest > digest)
"""


def main() -> None:
    """Take the file named first into the database named second; print what became of its rows."""
    file, database = sys.argv[1:]
    connection = sqlite3.connect(database, isolation_level=None)
    connection.executescript(_TABLES)
    latest = (datetime.now(UTC) + timedelta(hours=24)).replace(tzinfo=None)
    outcomes: Counter[str] = Counter()
    connection.execute("begin")
    with Path(file).open(encoding="utf-8") as lines:
        for batch in _batches(enumerate((line.rstrip("\n") for line in lines), start=1)):
            _take(connection, batch, latest, outcomes)
    connection.execute("commit")
    connection.close()
    print(json.dumps(outcomes))


def _batches(lines: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    while batch := list(islice(lines, _BATCH)):
        yield batch


def _take(
    connection: sqlite3.Connection,
    batch: list[tuple[int, str]],
    latest: datetime,
    outcomes: Counter[str],
) -> None:
    """Decide a batch of lines."""
    letters: list[tuple[int, str, str, str]] = []
    lineage: list[tuple[int, str | None, str, str]] = []
    execute = connection.execute
    for number, line in batch:
        fields = _adapted(line)
        value, ts, reasons = _checked(fields, latest)
        digest = _digest([line] if reasons else fields)
        key = fields[0] if fields else None
        if not execute("insert or ignore into seen values (?)", (digest,)).rowcount:
            outcomes["duplicate"] += 1
            lineage.append((number, key, "duplicate", "said before"))
        elif reasons:
            outcomes["rejected"] += 1
            letters.append((number, line, ",".join(reasons), reasons[0]))
            lineage.append((number, key, "reject", ",".join(reasons)))
        else:
            lineage.append((number, key, "stage", "passed the contract"))
            row = (key, fields[1], value, ts, digest, number)
            if execute(_UPSERT, row).rowcount:
                outcomes["applied"] += 1
                lineage.append((number, key, "load", "became the row of its key"))
            else:
                outcomes["outdated"] += 1
                lineage.append((number, key, "guard", "not newer"))
    connection.executemany("insert into dead_letters values (?, ?, ?, ?)", letters)
    connection.executemany("insert into lineage values (?, ?, ?, ?)", lineage)


def _adapted(line: str) -> list[str | None]:
    """key, name, value and ts as text; nothing where the line cannot be read."""
    try:
        record = json.loads(line)
    except ValueError:
        return []
    if not isinstance(record, dict):
        return []
    return [_text(record.get(field)) for field in ("key", "name", "value", "ts")]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    # the common case first: json.dumps costs as much as all checks together
    return repr(value) if type(value) in (int, float) else json.dumps(value)


def _checked(
    fields: list[str | None], latest: datetime
) -> tuple[float | None, str | None, list[str]]:
    """The value, the time in UTC, and every reason for rejection."""
    if not fields:
        return None, None, ["malformed_json"]
    key, name, value_text, ts_text = fields
    reasons = []
    if not (key or "").strip():
        reasons.append("missing_key")
    if not (name or "").strip():
        reasons.append("missing_name")
    try:
        value = float(value_text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        reasons.append("invalid_value")
    ts = None
    if not (ts_text or "").strip():
        reasons.append("missing_timestamp")
    else:
        try:
            moment = datetime.fromisoformat(str(ts_text))
        except ValueError:
            reasons.append("invalid_timestamp")
        else:
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
            if moment > latest:
                reasons.append("future_timestamp")
            ts = moment.isoformat()
    return value, ts, reasons


def _digest(fields: list[str] | list[str | None]) -> bytes:
    """The digest of texts, each with its length in front: ('ab', 'c') is not ('a', 'bc')."""
    text = "".join("-" if field is None else f"{len(field)}:{field}" for field in fields)
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


if __name__ == "__main__":
    main()
