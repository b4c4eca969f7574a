"""How far a source was pulled: the greatest value seen of the field that its API filters by."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any, NoReturn

from loader.config.http import Since
from loader.config.values import KeyPath

Value = datetime | Decimal
ReadTimes = Callable[[Sequence[str], str], Sequence[datetime | None]]

# a clock that is wrong must not keep everything else from being asked for
_LONGEST_AHEAD = timedelta(days=1)
# identities may have 30 digits; what is written as 1e999999999 must not be written out
_MOST_DIGITS = 100
_EXACT = Context(prec=4 * _MOST_DIGITS)


def greatest(
    since: Since,
    timezone: str,
    now: datetime,
    known: str | None,
    items: Iterable[str],
    read_times: ReadTimes,
) -> str | None:
    """The greatest value of `known` and the items, as it is kept; None where there is none.

    timezone:   of times without an offset.   now: in UTC, without a zone.
    read_times: takes texts and a time zone, and gives the moments in UTC, without a zone.
    What cannot be read, and a time more than a day ahead, does not count.
    """
    latest = None if known is None else _kept(since, known)
    found = [_field(item, since.field) for item in items]
    values: list[Value | None] = [_number(value) for value in found]
    if since.kind == "timestamp":
        texts = [str(value) for value in found if value is not None]
        values = [
            moment if moment is None or moment <= now + _LONGEST_AHEAD else None
            for moment in read_times(texts, timezone)
        ]
    for value in values:
        # a pull has values of one kind only
        if value is not None and (latest is None or value > latest):  # type: ignore[operator]
            latest = value
    return None if latest is None else _text(latest)


def value_to_ask_for(since: Since, known: str | None) -> str | None:
    """What to ask the API for: what is known less the overlap; None: for everything."""
    value = None if known is None else _kept(since, known)
    if value is None:
        return since.start
    if isinstance(value, Decimal):
        return _text(_EXACT.subtract(value, Decimal(str(since.reach))))
    try:
        return _text(value - timedelta(seconds=since.reach)) + "Z"
    except OverflowError:
        return since.start


def _field(item: str, path: KeyPath) -> str | int | Decimal | None:
    """What stands at `path` in an item that will be read: not in one that becomes a dead letter, as
    one that has a name twice, or half a character."""
    try:
        found: Any = json.loads(
            item,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
        if "\\u" in item:
            json.dumps(found, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError, InvalidOperation):
        return None
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str | int | Decimal) and not isinstance(found, bool) else None


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a name is given twice")
    return found


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _kept(since: Since, known: str) -> Value | None:
    """A value as it was kept; None where somebody changed it."""
    if since.kind == "number":
        return _number(known)
    try:
        return datetime.fromisoformat(known).replace(tzinfo=None)
    except ValueError:
        return None


def _number(found: str | int | Decimal | None) -> Decimal | None:
    if found is None:
        return None
    try:
        number = Decimal(found)
    except InvalidOperation:
        return None
    is_usual = number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS
    return number if is_usual else None


def _text(value: Value) -> str:
    return value.isoformat() if isinstance(value, datetime) else f"{value.normalize(_EXACT):f}"
