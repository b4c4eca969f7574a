"""Times as sources write them: which form, in the codes of strptime, fits their texts."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache

# What a contract reads by itself: year, month, day; an offset only behind a time of day.
_ISO = re.compile(
    r"(?P<Y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"(?:[T ](?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.]\d+)?)?"
    r"(?: ?(?:Z|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?))?)?",
    re.IGNORECASE,
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# as the macro local_timestamp reads them
_CODES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d\d)",
    "m": "(?P<m>0?[1-9]|1[0-2])",
    "b": f"(?P<b>{'|'.join(_MONTHS)})",
    "d": r"(?P<d>0?[1-9]|[12]\d|3[01])",
    "H": r"(?:[01]?\d|2[0-3])",
    "I": "(?:0?[1-9]|1[0-2])",
    "M": r"[0-5]\d",
    "S": r"[0-5]\d",
    "f": r"\d+",
    "p": "[ap][.]?m[.]?",
}
_DATES = (
    *("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"),
    *("%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%b %d, %Y", "%b %d %Y"),
    *("%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%y"),
)
_CLOCKS = (
    *("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H%M%S"),
    *("%H.%M", "%H:%M Uhr"),
)
# what may follow a day
_REST = ("", *(f"{joint}{clock}" for joint in (" ", "T", ", ", " - ") for clock in _CLOCKS))

# Seconds, milliseconds, microseconds since 1970 that lie in the years 1990 to 2050.
_EPOCHS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
_EARLIEST, _LATEST = 631_152_000, 2_524_608_000
_EPOCH = re.compile(r"\d{9,16}(?:[.]\d*)?")


def is_iso(text: str) -> bool:
    """Whether a contract reads the text as a time."""
    found = _ISO.fullmatch(text)
    return found is not None and _exists(found)


def epoch_unit(texts: Iterable[str]) -> str | None:
    """What the numbers count that all of the texts are; None where they are no moments."""
    numbers = [float(text) if _EPOCH.fullmatch(text) else 0.0 for text in texts]
    for unit, per_second in _EPOCHS.items():
        if numbers and all(_EARLIEST <= number / per_second < _LATEST for number in numbers):
            return unit
    return None


def fits_form(text: str, form: str) -> bool:
    """Whether the macro local_timestamp reads the text in the form."""
    found = _pattern(form).fullmatch(text)
    return found is not None and _exists(found)


def twin_of(form: str) -> str | None:
    """The form with day and month the other way round, where signs do not tell them apart."""
    for sign in "/-":
        if form.startswith((f"%d{sign}%m{sign}", f"%m{sign}%d{sign}")):
            return f"%{form[4]}{sign}%{form[1]}{form[5:]}"
    return None


def is_day_first(form: str) -> bool:
    """Whether the day stands before the month."""
    return form.startswith("%d")


def forms_of(texts: Iterable[str]) -> dict[str, frozenset[str]]:
    """The forms that fit some of the texts, each with the texts that it fits."""
    fitting: dict[str, set[str]] = {}
    shapes: dict[str, list[str]] = {}
    for text in texts:
        shapes.setdefault(re.sub(r"\d+", _length, text.lower()), []).append(text)
    for alike in shapes.values():
        # few forms have the signs of one of them, and then those of all
        for form in _forms_like(alike[0]):
            fits = {text for text in alike if fits_form(text, form)}
            if fits:
                fitting.setdefault(form, set()).update(fits)
    return {form: frozenset(fits) for form, fits in fitting.items()}


def _length(digits: re.Match[str]) -> str:
    return "9" * len(digits[0])


def _forms_like(text: str) -> list[str]:
    """The forms with the signs of a text, whatever its numbers."""
    return [
        day + rest
        for day in _DATES
        if (begin := _shape(day).match(text))
        for rest in _REST
        if _shape(rest).fullmatch(text, begin.end())
    ]


@cache
def _shape(form: str) -> re.Pattern[str]:
    digits = {"Y": r"\d{4}", "y": r"\d\d", "f": r"\d+", "b": _CODES["b"], "p": _CODES["p"]}
    # without signs between them, numbers have all their digits
    others = r"\d\d" if re.search("%[a-zA-Z]%", form) else r"\d{1,2}"
    return re.compile(_with_codes(form, lambda code: digits.get(code, others)), re.IGNORECASE)


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(_with_codes(form, _CODES.__getitem__), re.IGNORECASE)


def _with_codes(form: str, expression_of: Callable[[str], str]) -> str:
    return "".join(
        expression_of(part) if place % 2 else re.escape(part).replace(r"\ ", r"\s+")
        for place, part in enumerate(re.split("%(.)", form))
    )


def _exists(found: re.Match[str]) -> bool:
    """Whether the calendar has the day."""
    parts = found.groupdict()
    year = int(parts.get("Y") or 2000 + int(parts.get("y") or 0))
    month = _MONTHS.index(parts["b"].lower()) + 1 if parts.get("b") else int(parts["m"])
    try:
        date(year, month, int(parts["d"]))
    except ValueError:
        return False
    return True
