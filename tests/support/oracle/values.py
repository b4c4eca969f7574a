"""Text as the types of a contract read it."""

import re
from datetime import UTC, datetime, timedelta
from math import isfinite
from unicodedata import category
from zoneinfo import ZoneInfo

# code points that a font shows nothing of, besides separators and controls
_UNSEEN = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u180e\u2028\u2029\u202f\u205f\u2060\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200C))
)


def is_blank(text: str | None) -> bool:
    """Null, or nothing that can be seen."""
    return text is None or all(
        category(char) in ("Zs", "Zl", "Zp", "Cc")
        or any(first <= ord(char) <= last for first, last in _UNSEEN)
        for char in text
    )


def trimmed(text: str) -> str:
    """Text without white space around it."""
    return text.strip(_SPACE)


def parse_number(text: str | None) -> float | None:
    """A finite number; None for anything else."""
    text = trimmed(text or "")
    # Python reads 1_000 as a thousand, and digits of other scripts
    if "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?"
    r"(?: ?(?:(Z|UTC)|([+-])(\d{2}):?(\d{2})?))?)?",
    re.ASCII,
)


def parse_time(text: str | None, zone: str) -> datetime | None:
    """A moment in UTC; None for text that is none. Without an offset it is in `zone`, whose clocks
    must have shown it; where they showed it twice it is the first time."""
    match = _TIME.fullmatch(trimmed(text or "").upper())
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
            int((fraction or "0").ljust(6, "0")[:6]),
        )
        if utc:
            return moment
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
            return moment - offset if sign == "+" else moment + offset
        found = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    shown = found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    is_skipped = shown != moment if hour else shown.date() != moment.date()
    return None if is_skipped else found.replace(tzinfo=None)
