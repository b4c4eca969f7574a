"""What a text looks like, told from its signs alone: a number, a time, an address, nothing."""

import re
from collections import Counter
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?(?:\d[\d.,' \u00a0\u202f]*|[.,]\d+)(?:[eE][+-]?\d+)?%?")
_TIME = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ,].*)?")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|https?://\S+")
_IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"


def stripped(text: str) -> str:
    """The text without the white space around it, of any script."""
    return text.strip().strip(_INVISIBLE).strip()


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not stripped(text)


def look_of(text: str) -> str | None:
    """number, time, address or identifier; None where it is a word like any other."""
    text = stripped(text)
    for look, pattern in (
        ("identifier", _IDENTIFIER),
        ("address", _ADDRESS),
        ("time", _TIME),
        ("number", _NUMBER),
    ):
        if pattern.fullmatch(text):
            return look
    return None


def looks_like_data(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a line that should name fields has in them what their values look like.

    Names of years over numbers, as in a table of sums, are names.
    """
    typed = same = 0
    for place, name in enumerate(header):
        values = [row[place] for row in rows if place < len(row) and not is_blank(row[place])]
        looks = Counter(map(look_of, values))
        if not values:
            continue
        look, often = looks.most_common(1)[0]
        if look is None or often < 0.7 * len(values):
            continue
        typed += 1
        same += look_of(name) == look and not _YEAR.fullmatch(stripped(name))
    return same > 0 and same * 2 >= typed
