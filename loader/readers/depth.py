"""Finds the records that are nested so deeply that comparing their values would take for ever."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

# Comparing a value goes by the path of each of its leaves: time and memory grow with the square of
# the depth.
MOST_LEVELS = 500
NESTED_TOO_DEEP = "nested_too_deep"

# Nothing is tried twice, not even where a text that is no JSON never closes a string.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NO_BRACKET = re.compile(r"[^\[\]{}]+")


def any_too_deep(records: Sequence[str | None]) -> bool:
    """Whether a record has more than MOST_LEVELS levels.

    As many brackets take room, so records of a usual length are not looked at.
    """
    longest = max((len(record) for record in records if record), default=0)
    return longest > 2 * MOST_LEVELS and any(map(_is_too_deep, records))


def has_long_line(text: str) -> bool:
    """Whether a line may be long enough to have more than MOST_LEVELS levels."""
    start = 0
    while start + 2 * MOST_LEVELS < len(text):
        # as far as one line may reach, some line has to end
        start = text.rfind("\n", start, start + 2 * MOST_LEVELS + 1) + 1
        if not start:
            return True
    return False


def depth_noted(
    records: Sequence[str | None], problems: Sequence[str | None]
) -> Sequence[str | None]:
    """The problems, and 'nested_too_deep' for such records as have no other one."""
    if not any_too_deep(records):
        return problems
    return [
        problem or (NESTED_TOO_DEEP if _is_too_deep(record) else None)
        for record, problem in zip(records, problems, strict=True)
    ]


def _is_too_deep(text: str | None) -> bool:
    if not text or text.count("[") + text.count("{") <= MOST_LEVELS:
        return False
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MOST_LEVELS
