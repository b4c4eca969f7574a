"""Numbers as sources write them: which signs stand before decimals and between thousands."""

import re
from dataclasses import dataclass
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?(?:\d+[.]?\d*|[.]\d+)(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_LEADING_ZERO = re.compile(r"0\d+")
_BLANK = "[ \u00a0\u202f\u2009\t]"


@dataclass(frozen=True)
class Signs:
    """The sign before the decimals, and the one between groups of three digits ('' for none)."""

    decimal: str
    thousands: str

    def fits(self, text: str) -> bool:
        """Whether the macro local_number reads the text."""
        group = _BLANK if self.thousands == " " else f"[{self.thousands}]"
        groups = rf"\d{{1,3}}(?:{group}\d{{3}})+|" if self.thousands else ""
        pattern = rf"[+-]?(?:(?:{groups}\d+)(?:[{self.decimal}]\d*)?|[{self.decimal}]\d+)"
        return re.fullmatch(pattern, text) is not None


# in this order where several fit
LOCAL = (
    Signs(",", "."),
    Signs(".", ","),
    Signs(",", " "),
    Signs(".", " "),
    Signs(",", "'"),
    Signs(".", "'"),
    Signs(",", "\u2019"),
    Signs(".", "\u2019"),
)


def is_number(text: str) -> bool:
    """Whether a contract reads the text as a number."""
    return _PLAIN.fullmatch(text) is not None


def is_whole(text: str) -> bool:
    """Whether a contract reads the text as an integer: up to 18 digits."""
    return _WHOLE.fullmatch(text) is not None and len(text.lstrip("+-")) <= 18


def has_leading_zero(text: str) -> bool:
    """Whether the text is an identifier in digits, from which a number would take the zeros."""
    return _LEADING_ZERO.fullmatch(text) is not None


def is_long(text: str) -> bool:
    """Whether a double would not keep all digits of a number."""
    return Decimal(text) != Decimal(repr(float(text)))


def decimals_of(text: str) -> int:
    """How many digits stand behind the point."""
    return len(text.partition(".")[2]) if "e" not in text.lower() else 99


def signs_that_fit(texts: list[str]) -> list[Signs]:
    """The signs by which all of the texts are numbers, but for plain ones."""
    return [signs for signs in LOCAL if all(signs.fits(text) for text in texts)]


def is_telling(text: str, signs: Signs) -> bool:
    """Whether a text can be read with these signs, and by no exchange of them."""
    return signs.fits(text) and not Signs(signs.thousands or " ", signs.decimal).fits(text)
