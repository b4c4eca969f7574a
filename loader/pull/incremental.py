"""How far a source was pulled: the greatest value seen of the field that its API filters by."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from loader.config.http import Since
from loader.config.values import KeyPath

Value = datetime | Decimal

# a clock that is wrong must not keep everything else from being asked for
_LONGEST_AHEAD = timedelta(days=1)
# identities may have 30 digits; what is written as 1e999999999 must not be written out
_MOST_DIGITS = 100
_EXACT = Context(prec=4 * _MOST_DIGITS)


def greatest(
    since: Since, timezone: str, now: datetime, known: str | None, items: Iterable[str]
) -> str | None:
    """The greatest value of `known` and the items, as it is kept; None where there is none.

    timezone: of times without an offset.   now: in UTC, without a zone. What cannot be read, and
    a time more than a day ahead, does not count.
    """
    latest = None if known is None else _value(since, known, "UTC")
    for item in items:
        value = _value(since, _field(item, since.field), timezone)
        if value is None or (isinstance(value, datetime) and value > now + _LONGEST_AHEAD):
            continue
        # a pull has values of one kind only
        if latest is None or value > latest:  # type: ignore[operator]
            latest = value
    return None if latest is None else _text(latest)


def value_to_ask_for(since: Since, known: str | None) -> str | None:
    """What to ask the API for: what is known less the overlap; None: for everything."""
    value = None if known is None else _value(since, known, "UTC")
    if value is None:
        return since.start
    if isinstance(value, Decimal):
        return _text(_EXACT.subtract(value, Decimal(str(since.reach))))
    try:
        return _text(value - timedelta(seconds=since.reach)) + "Z"
    except OverflowError:
        return since.start


def _field(item: str, path: KeyPath) -> Any:
    try:
        found: Any = json.loads(item, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _value(since: Since, found: Any, timezone: str) -> Value | None:
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        return None
    if since.kind == "number":
        try:
            number = Decimal(found)
        except InvalidOperation:
            return None
        is_usual = number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS
        return number if is_usual else None
    try:
        moment = datetime.fromisoformat(str(found).strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(timezone))
        return moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _text(value: Value) -> str:
    return value.isoformat() if isinstance(value, datetime) else f"{value.normalize(_EXACT):f}"
