"""The rules of the hub in plain Python, one row after the other, slow and simple on purpose.

Written from what the hub promises and not from its SQL, so that the two can be held against each
other: `Oracle` says what must come out, `hub_state` reads what came out, in the same words.

The one thing taken from the hub is the digest of each row's content, because which digest it uses
is its own affair: equal times are ordered by it. That it tells contents apart is checked.
"""

import base64
import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

Json = Any
RowId = tuple[str, int]  # the file with its source's folder, and the row in it from 1

ACCEPTED = ("applied", "superseded", "outdated")


# ---------------------------------------------------------------------------- what is expected of


@dataclass(frozen=True)
class Column:
    """A column of an entity.

    kind:      text, number, time or json.
    folded:    trimmed and in lower case.
    compared:  whether sources are compared by it; numbers may differ by the tolerance.
    """

    kind: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    folded: bool = False
    compared: bool = False
    tolerance: Decimal = Decimal(0)


@dataclass(frozen=True)
class Entity:
    """What records of one kind look like. Without an event time, arrival is their order."""

    key: str
    event_time: str | None
    columns: dict[str, Column]


@dataclass(frozen=True)
class Source:
    """Where records come from: `fields` says under which name each column stands in them."""

    entity: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Policy:
    """The settings of a source: what becomes of late rows (allowed lateness in seconds), and the
    zone of times without an offset."""

    late: str = "apply"
    allowed_lateness: int = 0
    zone: str = "UTC"


ENTITIES = {
    "events": Entity(
        "key",
        "ts",
        {
            "key": Column("text", required=True),
            "name": Column("text", required=True),
            "value": Column("number", required=True),
            "ts": Column("time", required=True),
        },
    ),
    "orders": Entity(
        "order_id",
        None,
        {
            "order_id": Column("text", required=True),
            "status": Column("json", required=True, compared=True),
            "updated_at": Column("time"),
        },
    ),
    "clicks": Entity(
        "event_id",
        "event_timestamp",
        {
            "event_id": Column("text", required=True),
            "event_timestamp": Column("time", required=True),
            "event_type": Column(
                "text",
                required=True,
                allowed=("page_view", "add_to_cart", "purchase", "search"),
            ),
            "user_id": Column("text", required=True),
            "page_url": Column("text"),
            "product_id": Column("text"),
        },
    ),
    "measurements": Entity(
        "id",
        None,
        {
            "id": Column("text", required=True),
            "value": Column("number", required=True, compared=True, tolerance=Decimal("0.01")),
            "category": Column("text", required=True, folded=True, compared=True),
            "timestamp": Column("time"),
        },
    ),
}


def _under_its_own_name(entity: str) -> dict[str, str]:
    return {name: name for name in ENTITIES[entity].columns}


# In the order in which the hub lands them. Those of ADDED are not shipped: tests register them.
SOURCES = {
    "app": Source("events", _under_its_own_name("events")),
    "mobile": Source("events", _under_its_own_name("events")),
    "alpha": Source("orders", {"order_id": "uid", "status": "data", "updated_at": "timestamp"}),
    "beta": Source(
        "orders", {"order_id": "identifier", "status": "payload", "updated_at": "timestamp"}
    ),
    "gamma": Source("orders", {"order_id": "ref", "status": "content", "updated_at": "timestamp"}),
    "web": Source("clicks", _under_its_own_name("clicks")),
    "shop": Source("clicks", _under_its_own_name("clicks")),
    "plant": Source("measurements", _under_its_own_name("measurements")),
    "partner": Source("measurements", _under_its_own_name("measurements")),
}
ADDED = ("mobile", "gamma", "shop")


# ------------------------------------------------------------------------------- files and records


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
class _Read:
    """A record that was read: its text, and its fields or the problem."""

    text: str
    fields: dict[str, Json] | None
    problem: str | None = None


def _read(file: File, record: bytes) -> _Read:
    try:
        text = record.decode()
    except UnicodeDecodeError:
        return _Read(base64.b64encode(record).decode(), None, "invalid_utf8")
    if file.header:
        names, values = next(csv.reader([file.header])), next(csv.reader(io.StringIO(text)))
        if len(names) != len(values):
            return _Read(text, None, "malformed_csv")
        row = dict(zip(names, values, strict=True))
        return _Read(json.dumps(row, separators=(",", ":"), ensure_ascii=False), row)
    try:
        # NaN and Infinity are no JSON but what many a sender writes: they are known by their names
        value = json.loads(text, parse_float=Decimal, parse_constant=str)
    except ValueError:
        return _Read(text, None, "malformed_json")
    if not isinstance(value, dict):
        return _Read(text, None, "not_an_object")
    return _Read(text, value)


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
    if isinstance(value, Decimal):
        return repr(float(value))
    return json.dumps(value, ensure_ascii=False)


def _canonical(value: Json, number: Callable[[int | Decimal], Any]) -> Any:
    """A JSON value such that equal ones are equal whatever the order of their keys; 1 is not "1"
    and not true."""
    if isinstance(value, dict):
        members = ((name, _canonical(member, number)) for name, member in value.items())
        return ("object", frozenset(members))
    if isinstance(value, list):
        return ("array", tuple(_canonical(member, number) for member in value))
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return ("number", number(value))
    return (type(value).__name__, value)


# ------------------------------------------------------------------------------------ typed values


def is_blank(text: str | None) -> bool:
    """Null, or nothing but white space."""
    return text is None or not text.strip()


def parse_number(text: str | None) -> float | None:
    """A finite number; None for anything else."""
    # Python reads 1_000 as a thousand, and digits of other scripts
    if text is None or "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?"
    r"(?: ?(?:(Z|UTC)|([+-])(\d{2}):?(\d{2})?))?)?",
    re.ASCII,
)


def parse_time(text: str | None, zone: str) -> datetime | None:
    """A moment in UTC; None for text that is none. Without an offset it is in `zone`."""
    match = _TIME.fullmatch((text or "").strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")),
        )
    except ValueError:
        return None
    if utc:
        return moment
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return moment - offset if sign == "+" else moment + offset
    local = moment.replace(tzinfo=ZoneInfo(zone))
    return moment - (local.utcoffset() or timedelta(0))


# ---------------------------------------------------------------------------------------- decisions


@dataclass
class Row:
    """A landed row and what was decided of it.

    content:  what makes two rows of a source say the same.
    values:   the typed columns; empty for a row that could not be read.
    arrival:  its place among all rows.
    rules:    which rules it was checked by: a rejected row is the same again only under the same.
    """

    row_id: RowId
    source: str
    text: str
    content: tuple[Any, ...]
    values: dict[str, Any]
    compared: dict[str, Any]
    key: str | None
    event_time: datetime | None
    arrival: int
    digest: str
    rules: str
    reasons: frozenset[str]
    outcome: str = ""
    is_dead_letter: bool = False

    def repeats(self, earlier: "Row") -> bool:
        """Whether it says what the earlier row of the same source said already."""
        if self.content != earlier.content:
            return False
        if earlier.outcome == "rejected":
            return (self.text, self.rules) == (earlier.text, earlier.rules)
        return True


@dataclass(frozen=True)
class State:
    """All that users see of a hub, in comparable form.

    outcomes:       row -> outcome and reasons.
    targets:        entity -> key -> business columns.
    letters:        row -> source, raw text and reasons of the open ones.
    reconciliation: entity -> key -> status and the columns that differ.
    watermarks:     source -> greatest event time accepted.
    """

    outcomes: dict[RowId, tuple[str, frozenset[str]]]
    targets: dict[str, dict[str, dict[str, Any]]]
    letters: dict[RowId, tuple[str, str, frozenset[str]]]
    reconciliation: dict[str, dict[str, tuple[str, frozenset[str]]]]
    watermarks: dict[str, datetime]


class Oracle:
    """Decides the rows of one run after the other.

    now:      the moment that counts as now, in all runs.
    policies: the settings of sources that do not have the usual ones.
    prefer:   entity -> sources, the most trusted first, where the newest record does not win.
    """

    def __init__(
        self,
        now: datetime,
        policies: Mapping[str, Policy] | None = None,
        prefer: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.now = now
        self.policies = dict(policies or {})
        self.prefer = dict(prefer or {})
        self.rows: dict[str, list[Row]] = {entity: [] for entity in ENTITIES}
        self._held: dict[str, dict[str | None, Row]] = {entity: {} for entity in ENTITIES}
        self._landed: set[tuple[str, bytes]] = set()
        self._arrivals = 0

    def run(
        self, files: Iterable[File], digests: Mapping[RowId, str], skip: Iterable[str] = ()
    ) -> None:
        """One run over these files in the order of arrival, with these stages switched off."""
        new: dict[str, list[Row]] = defaultdict(list)
        for file in files:
            # the same bytes again, under whatever name, land nothing
            if (file.source, file.content) in self._landed:
                continue
            self._landed.add((file.source, file.content))
            for number, record in enumerate(file.records, start=1):
                row = self._check((file.path, number), file, record, digests, "validate" in skip)
                new[SOURCES[file.source].entity].append(row)
        for entity, rows in new.items():
            self._decide(entity, rows, "deduplicate" not in skip)

    # -- one row by itself

    def _check(
        self,
        row_id: RowId,
        file: File,
        record: bytes,
        digests: Mapping[RowId, str],
        unvalidated: bool,
    ) -> Row:
        read = _read(file, record)
        source = SOURCES[file.source]
        entity = ENTITIES[source.entity]
        self._arrivals += 1
        row = Row(
            row_id=row_id,
            source=file.source,
            text=read.text,
            content=("unreadable", read.text),
            values={},
            compared={},
            key=None,
            event_time=None,
            arrival=self._arrivals,
            digest=digests[row_id],
            rules="unvalidated" if unvalidated else "validated",
            reasons=frozenset([read.problem] if read.problem else []),
        )
        if read.fields is None:
            return row
        adapted = {
            name: self._adapt(column, read.fields.get(source.fields[name]))
            for name, column in entity.columns.items()
        }
        zone = self.policies.get(file.source, Policy()).zone
        for name, column in entity.columns.items():
            row.values[name] = _typed(column, adapted[name], zone)
            if column.compared:
                row.compared[name] = _comparable(column, adapted[name], row.values[name])
        row.content = tuple(
            _canonical(adapted[name], as_text) if column.kind == "json" else adapted[name]
            for name, column in entity.columns.items()
        )
        row.key = row.values[entity.key]
        row.event_time = row.values[entity.event_time] if entity.event_time else None
        row.reasons = frozenset(self._reasons(entity, adapted, row.values, unvalidated))
        return row

    @staticmethod
    def _adapt(column: Column, value: Json) -> Json:
        if column.kind == "json":
            # some senders write the status itself where others write an object that holds it
            return value["status"] if isinstance(value, dict) and "status" in value else value
        text = as_text(value)
        return text.strip().lower() if column.folded and text is not None else text

    def _reasons(
        self,
        entity: Entity,
        adapted: Mapping[str, Json],
        values: Mapping[str, Any],
        unvalidated: bool,
    ) -> Iterator[str]:
        for name, column in entity.columns.items():
            value = values[name]
            blank = is_blank(as_text(adapted[name]))
            if name == entity.event_time:
                if blank:
                    yield "missing_timestamp"
                elif value is None:
                    yield "invalid_timestamp"
                elif value > self.now + timedelta(hours=24) and not unvalidated:
                    yield "future_timestamp"
            elif name == entity.key:
                if blank:
                    yield f"missing_{name}"
            elif unvalidated:
                continue
            elif column.kind == "number":
                # a number that is missing is an invalid number, nothing else
                if value is None:
                    yield f"invalid_{name}"
            elif blank:
                if column.required:
                    yield f"missing_{name}"
            elif value is None or (column.allowed and value not in column.allowed):
                yield f"invalid_{name}"

    # -- the rows of a run among each other and against what was decided before

    def _decide(self, entity: str, rows: list[Row], deduplicated: bool) -> None:
        watermarks = self.watermarks(entity)
        earlier: dict[tuple[str, Any], list[Row]] = defaultdict(list)
        latest: dict[tuple[str, str | None], Row] = {}
        for row in self.rows[entity]:
            self._remember(row, earlier, latest)
        candidates: dict[str | None, list[Row]] = defaultdict(list)
        for row in rows:
            is_repeat = self._is_repeat(entity, row, earlier, latest)
            policy = self.policies.get(row.source, Policy())
            if is_repeat and deduplicated:
                row.outcome = "duplicate"
            elif row.reasons:
                row.outcome = "rejected"
            elif self._is_late(row, policy, watermarks):
                row.outcome = "late"
            elif is_repeat:
                row.outcome = "outdated"
            else:
                candidates[row.key].append(row)
            row.is_dead_letter = row.outcome == "rejected" or (
                row.outcome == "late" and policy.late == "dead_letter"
            )
            self._remember(row, earlier, latest)
        for key, contenders in candidates.items():
            self._settle(entity, key, contenders)
        self.rows[entity] += rows

    @staticmethod
    def _remember(
        row: Row,
        earlier: dict[tuple[str, Any], list[Row]],
        latest: dict[tuple[str, str | None], Row],
    ) -> None:
        if row.outcome == "duplicate":
            return
        earlier[row.source, row.content].append(row)
        # a candidate has no outcome yet but will be accepted
        if row.outcome in ("", *ACCEPTED):
            latest[row.source, row.key] = row

    @staticmethod
    def _is_repeat(
        entity: str,
        row: Row,
        earlier: Mapping[tuple[str, Any], list[Row]],
        latest: Mapping[tuple[str, str | None], Row],
    ) -> bool:
        said_before = earlier.get((row.source, row.content), [])
        if ENTITIES[entity].event_time is None:
            # shipped, returned, shipped ends as shipped: only the latest accepted one is repeated
            said_before = [other for other in said_before if other.outcome == "rejected"]
            if (row.source, row.key) in latest:
                said_before.append(latest[row.source, row.key])
        return any(row.repeats(other) for other in said_before)

    @staticmethod
    def _is_late(row: Row, policy: Policy, watermarks: Mapping[str, datetime]) -> bool:
        return (
            policy.late != "apply"
            and row.event_time is not None
            and row.source in watermarks
            and row.event_time
            <= watermarks[row.source] - timedelta(seconds=policy.allowed_lateness)
        )

    def _settle(self, entity: str, key: str | None, contenders: list[Row]) -> None:
        held = self._held[entity].get(key)
        greatest = max(contenders, key=lambda row: self._order(entity, row))
        for row in contenders:
            if held and self._order(entity, row) <= self._order(entity, held):
                row.outcome = "outdated"
            elif row is greatest:
                row.outcome = "applied"
                self._held[entity][key] = row
            else:
                row.outcome = "superseded"

    def _order(self, entity: str, row: Row) -> tuple[Any, ...]:
        preferred = self.prefer.get(entity, ())
        trust = -preferred.index(row.source) if row.source in preferred else -len(preferred)
        if ENTITIES[entity].event_time is None:
            return (trust, row.arrival)
        return (trust, row.event_time, row.digest)

    # -- what follows from the decisions

    def state(self) -> State:
        rows = [row for entity in ENTITIES for row in self.rows[entity]]
        return State(
            outcomes={
                row.row_id: (
                    row.outcome,
                    row.reasons if row.outcome == "rejected" else frozenset(),
                )
                for row in rows
            },
            targets={
                entity: {str(key): row.values for key, row in self._held[entity].items()}
                for entity in ENTITIES
            },
            letters={
                row.row_id: (
                    row.source,
                    row.text,
                    row.reasons if row.outcome == "rejected" else frozenset(["late"]),
                )
                for row in rows
                if row.is_dead_letter
            },
            reconciliation={
                entity: self._reconciled(entity) for entity in ("orders", "measurements")
            },
            watermarks={
                source: watermark
                for entity in ENTITIES
                for source, watermark in self.watermarks(entity).items()
            },
        )

    def holds(self, row: Row) -> bool:
        """Whether the row is what its key holds."""
        return self._held[SOURCES[row.source].entity].get(row.key) is row

    def watermarks(self, entity: str) -> dict[str, datetime]:
        """Per source the greatest event time accepted so far."""
        greatest: dict[str, datetime] = {}
        for row in self.rows[entity]:
            if row.outcome in ACCEPTED and row.event_time is not None:
                known = greatest.get(row.source, row.event_time)
                greatest[row.source] = max(known, row.event_time)
        return greatest

    def _reconciled(self, entity: str) -> dict[str, tuple[str, frozenset[str]]]:
        latest: dict[str, dict[str, Row]] = defaultdict(dict)
        for row in self.rows[entity]:
            if row.outcome in ACCEPTED:
                latest[str(row.key)][row.source] = row
        statuses = {}
        for key, by_source in latest.items():
            differing = frozenset(
                name
                for name, column in ENTITIES[entity].columns.items()
                if column.compared
                and not _agree(column, [row.compared[name] for row in by_source.values()])
            )
            status = "mismatched" if differing else "matched"
            statuses[key] = ("single_source" if len(by_source) == 1 else status, differing)
        return statuses

    def history(self, entity: str, key: str) -> list[str]:
        """All rows of a key in the order of arrival, for the message of a test that fails."""
        return [
            f"{row.row_id[0]}:{row.row_id[1]} {row.outcome} {sorted(row.reasons)} {row.text!r}"
            for row in self.rows[entity]
            if row.key == key
        ]


def _typed(column: Column, value: Json, zone: str) -> Any:
    """The value of a column as the target holds it; None where it is no value of that kind."""
    if column.kind == "number":
        return parse_number(value)
    if column.kind == "time":
        return parse_time(value, zone)
    return as_text(value)


def _comparable(column: Column, adapted: Json, typed: Any) -> Any:
    if typed is None:
        return None
    if column.kind == "number":
        return Decimal(adapted.strip())
    if column.kind == "json":
        return _canonical(adapted, Decimal)
    return typed


def _agree(column: Column, values: list[Any]) -> bool:
    if column.kind == "number" and None not in values:
        return bool(max(values) - min(values) <= column.tolerance)
    return all(value == values[0] for value in values)


# ----------------------------------------------------------------------------- what the hub decided


@dataclass(frozen=True)
class Found:
    """The state of a hub, and the digest that it gave to each row's content."""

    state: State
    digests: dict[RowId, str] = field(default_factory=dict)


def hub_state(sql: Callable[[str], list[tuple[Any, ...]]]) -> Found:
    """Read from the hub's own tables. sql: runs a query and returns its rows."""
    decided = sql(
        "select file, row_number, outcome, reasons, content_hash from ops.record_outcomes"
    )
    return Found(
        State(
            outcomes={
                (file, row): (outcome, frozenset(reasons or []))
                for file, row, outcome, reasons, _ in decided
            },
            targets={name: _target(sql, name) for name in ENTITIES},
            letters={
                (file, row): (source, text, frozenset(reasons))
                for file, row, source, text, reasons in sql(
                    "select file, row_number, source, record, reasons from ops.dead_letters "
                    "where status = 'open'"
                )
            },
            reconciliation={
                name: {
                    key: (status, frozenset(differing or []))
                    for key, status, differing in sql(
                        f"select {ENTITIES[name].key}, status, differing_columns "
                        f"from marts.{name}_reconciliation"
                    )
                }
                for name in ("orders", "measurements")
            },
            watermarks=dict(sql("select source, watermark from ops.watermarks")),
        ),
        {(file, row): digest for file, row, _, _, digest in decided},
    )


def _target(sql: Callable[[str], list[tuple[Any, ...]]], name: str) -> dict[str, dict[str, Any]]:
    entity = ENTITIES[name]
    rows = sql(f"select {', '.join(entity.columns)} from marts.{name}")
    named = [dict(zip(entity.columns, row, strict=True)) for row in rows]
    target = {row[entity.key]: row for row in named}
    assert len(target) == len(rows), f"marts.{name} holds a key twice"
    return target


@dataclass(frozen=True)
class Difference:
    """A row (by its id), a key (by entity and key) or a source of which the two say otherwise."""

    aspect: str
    subject: Any
    expected: Any
    found: Any

    def __str__(self) -> str:
        return (
            f"{self.aspect} of {self.subject}:\n  expected {self.expected}\n  found    {self.found}"
        )


def differences(expected: State, found: State) -> list[Difference]:
    """Where two states differ."""
    different = []
    for aspect in ("outcomes", "letters", "watermarks", "targets", "reconciliation"):
        ours = _flat(getattr(expected, aspect))
        theirs = _flat(getattr(found, aspect))
        different += [
            Difference(aspect, subject, ours.get(subject), theirs.get(subject))
            for subject in sorted({*ours, *theirs}, key=str)
            if ours.get(subject) != theirs.get(subject)
        ]
    return different


def _flat(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """What is said by entity and then by key, by both at once."""
    if not set(mapping) & set(ENTITIES):
        return dict(mapping)
    return {(entity, key): said for entity, keys in mapping.items() for key, said in keys.items()}


def explained(different: Sequence[Difference], oracle: Oracle) -> str:
    """The first differences, each with all that the hub was told of the key that it is about."""
    by_id = {row.row_id: row for rows in oracle.rows.values() for row in rows}
    lines = [f"{len(different)} differences"]
    for difference in different[:8]:
        lines.append(str(difference))
        row = by_id.get(difference.subject)
        about = (SOURCES[row.source].entity, row.key) if row else difference.subject
        if about[0] in ENTITIES and about[1] is not None:
            lines += [f"    {line}" for line in oracle.history(*about)[-15:]]
        elif row:
            lines.append(f"    {row.text!r}")
    return "\n".join(lines)


def confused_contents(oracle: Oracle) -> list[str]:
    """Where the hub's digests do not tell contents apart, or tell apart what is the same."""
    lines = []
    digests: dict[Any, Row] = {}
    contents: dict[str, Row] = {}
    for rows in oracle.rows.values():
        for row in rows:
            other = contents.setdefault(row.digest, row)
            if (other.source, other.content) != (row.source, row.content):
                lines.append(f"one digest of two contents: {other.text} and {row.text}")
            # rejected rows are the same only if their whole text is
            same = digests.setdefault((row.source, row.content), row)
            if same.digest != row.digest and not row.reasons and not same.reasons:
                lines.append(f"two digests of one content: {same.text} and {row.text}")
    return lines
