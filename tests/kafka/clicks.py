"""Click events in the shape of the source `web`: the same ones for the same seed, without end."""

import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

_USERS = 1_000
_PRODUCTS = 200
_REMEMBERED = 1_000  # clicks of which one may come again
_TYPES = {"page_view": 70, "search": 15, "add_to_cart": 10, "purchase": 5}  # in percent
_LATENESS = (60, 3_600)  # seconds by which a late click is at least, at most behind


@dataclass(frozen=True)
class Rates:
    """The shares of clicks that are not new, good and in time: 0.02 is two in a hundred."""

    duplicate: float = 0.03
    late: float = 0.05
    broken: float = 0.02


@dataclass(frozen=True)
class Click:
    """A click event as a shop sends it.

    kind:   good, duplicate, late or broken.
    reason: for a broken one, why the hub rejects it.
    key:    the user, so that the clicks of a user stay in order.
    """

    value: bytes
    kind: str
    key: bytes
    reason: str | None = None


def clicks(
    seed: int, start: datetime, per_second: float, rates: Rates | None = None
) -> Iterator[Click]:
    """Clicks that happen one after the other at this rate, in Universal Time.

    A duplicate is, byte by byte, one of the last thousand clicks that were not broken. A late one
    has an id of its own, and happened a minute to an hour before its turn.
    """
    rng = random.Random(seed)
    shares = rates or Rates()
    sent: deque[Click] = deque(maxlen=_REMEMBERED)
    number = 0
    while True:
        at = start + timedelta(seconds=number / per_second)
        number += 1
        kind = _kind(rng, shares)
        if kind == "duplicate" and sent:
            yield replace(rng.choice(sent), kind=kind)
            continue
        if kind == "late":
            at -= timedelta(seconds=rng.uniform(*_LATENESS))
        record = _record(rng, f"clk-{seed}-{number}", at)
        key = record["user_id"].encode()
        if kind == "broken":
            reason = rng.choice(list(_FAULTS))
            yield Click(_FAULTS[reason](record), kind, key, reason)
            continue
        click = Click(_bytes(record), "late" if kind == "late" else "good", key)
        sent.append(click)
        yield click


def _kind(rng: random.Random, rates: Rates) -> str:
    drawn = rng.random()
    for kind in ("duplicate", "late", "broken"):
        drawn -= getattr(rates, kind)
        if drawn < 0:
            return kind
    return "good"


def _record(rng: random.Random, event_id: str, at: datetime) -> dict[str, Any]:
    (event_type,) = rng.choices(list(_TYPES), list(_TYPES.values()))
    product = f"p-{rng.randrange(_PRODUCTS):03}"
    record = {
        "event_id": event_id,
        "event_timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "event_type": event_type,
        "user_id": f"u-{rng.randrange(_USERS)}",
    }
    if event_type == "search":
        record["page_url"] = f"/search?q={product}"
    elif event_type == "page_view":
        record["page_url"] = f"/p/{product}"
    if event_type in ("add_to_cart", "purchase"):
        record["product_id"] = product
    return record


def _bytes(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


def _without(name: str) -> Callable[[dict[str, Any]], bytes]:
    return lambda record: _bytes({key: record[key] for key in record if key != name})


def _with(name: str, value: Any) -> Callable[[dict[str, Any]], bytes]:
    return lambda record: _bytes(record | {name: value})


_FAULTS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "malformed_json": lambda record: _bytes(record)[:-20],
    "invalid_utf8": lambda record: _bytes(record).replace(b'"u-', b'"\xff-'),
    "missing_event_id": _with("event_id", "  "),
    "missing_timestamp": _without("event_timestamp"),
    "invalid_timestamp": _with("event_timestamp", "yesterday"),
    "invalid_event_type": _with("event_type", "hover"),
    "missing_user_id": _with("user_id", None),
}


def click(number: int, **changes: object) -> bytes:
    """The value of one click, by hand."""
    record = {
        "event_id": f"clk-{number}",
        "event_timestamp": f"2025-01-15T09:{number // 60 % 60:02}:{number % 60:02}Z",
        "event_type": "page_view",
        "user_id": "u-1",
    }
    return json.dumps(record | changes).encode()
