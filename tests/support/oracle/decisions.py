"""The oracle: the rows of one run after the other, each with its decision."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.oracle.entities import ENTITIES, SOURCES, Column, Entity, Policy
from tests.support.oracle.files import File, Json, RowId, as_text, canonical, read_record
from tests.support.oracle.values import is_blank, parse_number, parse_time

ACCEPTED = ("applied", "superseded", "outdated")


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
        read = read_record(file, record)
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
            canonical(adapted[name], as_text) if column.kind == "json" else adapted[name]
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
        return canonical(adapted, Decimal)
    return typed


def _agree(column: Column, values: list[Any]) -> bool:
    if column.kind == "number" and None not in values:
        return bool(max(values) - min(values) <= column.tolerance)
    return all(value == values[0] for value in values)
