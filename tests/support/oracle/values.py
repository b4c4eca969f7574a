"""Text as the types of a contract read it."""

import re
from datetime import datetime, timedelta
from math import isfinite
from zoneinfo import ZoneInfo


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
