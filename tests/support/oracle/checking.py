"""One record by itself: what it says under the rules, and for which reasons it is rejected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.oracle.entities import Column, Entity, Source
from tests.support.oracle.files import Json, Read, as_text, canonical
from tests.support.oracle.values import is_blank, parse_number, parse_time, trimmed

_SKEW = timedelta(hours=24)


@dataclass(frozen=True)
class Rules:
    """What a record is decided under: two records are so under the same rules, or not."""

    contract: Entity
    adapter: Source
    zone: str
    nulls: tuple[str, ...]
    is_validated: bool


@dataclass(frozen=True)
class Checked:
    """What a record says under some rules.

    content:     what makes two records of a source say the same.
    values:      the typed columns; empty for a record that could not be read.
    compared:    the columns that sources are compared by, exactly as they are compared.
    is_deletion: whether it takes the row of its key away.
    """

    content: tuple[Any, ...]
    reasons: frozenset[str]
    values: dict[str, Any] = field(default_factory=dict)
    compared: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    event_time: datetime | None = None
    is_deletion: bool = False


def check(read: Read, rules: Rules, now: datetime) -> Checked:
    """What a record says under these rules, `now` being the moment that counts as now."""
    if read.fields is None:
        assert read.problem
        return Checked(("unreadable", read.text), frozenset([read.problem]))
    contract = rules.contract
    adapted = {
        name: _adapt(name, column, read.fields.get(rules.adapter.fields[name]), rules)
        for name, column in contract.columns.items()
    }
    values = {
        name: _typed(column, adapted[name], rules.zone) for name, column in contract.columns.items()
    }
    is_deletion = _is_deletion(contract, adapted)
    return Checked(
        content=tuple(
            canonical(adapted[name], str) if column.kind == "json" else adapted[name]
            for name, column in contract.columns.items()
        ),
        reasons=frozenset(
            _reasons(
                contract, adapted, values, now, only_basics=is_deletion or not rules.is_validated
            )
        )
        | frozenset(_future(contract, values, now) if rules.is_validated else ()),
        values=values,
        compared={
            name: _comparable(column, adapted[name], values[name])
            for name, column in contract.columns.items()
            if column.compared
        },
        key=values[contract.key],
        event_time=values[contract.event_time] if contract.event_time else None,
        is_deletion=is_deletion,
    )


def _adapt(name: str, column: Column, value: Json, rules: Rules) -> Json:
    if column.kind == "json":
        # some senders write the status itself where others write an object that holds it
        value = value["status"] if isinstance(value, dict) and "status" in value else value
        return None if _means_nothing(as_text(value), rules) else value
    text = as_text(value)
    if text is not None and name in rules.adapter.lowered:
        text = text.lower()
    if text is None or _means_nothing(text, rules):
        return None
    return trimmed(text).lower() if column.folded else text


def _means_nothing(text: str | None, rules: Rules) -> bool:
    return text is not None and trimmed(text) in rules.nulls


def _is_deletion(contract: Entity, adapted: Mapping[str, Json]) -> bool:
    if contract.deleted_when is None:
        return False
    column, values = contract.deleted_when
    return adapted[column] in values


def _reasons(
    contract: Entity,
    adapted: Mapping[str, Json],
    values: Mapping[str, Any],
    now: datetime,
    *,
    only_basics: bool,
) -> Iterator[str]:
    """only_basics: without the reasons that key and event time do not give."""
    for name, column in contract.columns.items():
        value = values[name]
        blank = is_blank(as_text(adapted[name]))
        if name == contract.event_time:
            if blank:
                yield "missing_timestamp"
            elif value is None:
                yield "invalid_timestamp"
        elif name == contract.key:
            if blank:
                yield f"missing_{name}"
        elif only_basics:
            continue
        elif column.kind == "number":
            # a number that is missing is an invalid number, nothing else
            if value is None and (column.required or not blank):
                yield f"invalid_{name}"
        elif blank:
            if column.required:
                yield f"missing_{name}"
        elif value is None or (column.allowed and value not in column.allowed):
            yield f"invalid_{name}"


def _future(contract: Entity, values: Mapping[str, Any], now: datetime) -> Iterator[str]:
    moment = values[contract.event_time] if contract.event_time else None
    if moment is not None and moment > now + _SKEW:
        yield "future_timestamp"


def _typed(column: Column, value: Json, zone: str) -> Any:
    """The value of a column as the target holds it; None where it is no value of that kind."""
    if column.kind == "number":
        return parse_number(value)
    if column.kind == "time":
        return parse_time(value, zone)
    text = as_text(value)
    return text if column.required or not is_blank(text) else None


def _comparable(column: Column, adapted: Json, typed: Any) -> Any:
    if typed is None:
        return None
    if column.kind == "number":
        return Decimal(trimmed(adapted))
    if column.kind == "json":
        return canonical(adapted, Decimal)
    return typed
