"""References to environment variables in settings: ${NAME}, or ${NAME:-value} with a default."""

import os
import re

from loader.errors import WrongUse

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def is_reference(text: str) -> bool:
    """Whether the text is one reference without a default: what a secret must be."""
    found = _REFERENCE.fullmatch(text)
    return found is not None and found[2] is None


def variable(name: str, where: str) -> str:
    """The value of a variable. Raises WrongUse, which names it, where it is not set or empty."""
    if value := os.environ.get(name, "").strip():
        return value
    raise WrongUse(
        where,
        f"the environment variable {name} is not set",
        f"Set {name} and run the same command again.",
    )


def expanded(text: str, where: str) -> str:
    """The text with the variables' values. Raises WrongUse, which names the variable alone, where
    one is neither set nor has a default.

    where: the setting that the text comes from.
    """

    def value(found: re.Match[str]) -> str:
        return os.environ.get(found[1]) or found[2] or variable(found[1], where)

    return _REFERENCE.sub(value, text)
