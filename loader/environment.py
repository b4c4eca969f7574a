"""References to environment variables in settings: ${NAME}, or ${NAME:-value} with a default."""

import os
import re

from loader.errors import WrongUse

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def is_reference(text: str) -> bool:
    """Whether the text is one reference without a default: what a secret must be."""
    found = _REFERENCE.fullmatch(text)
    return found is not None and found[2] is None


def expanded(text: str, where: str) -> str:
    """The text with the variables' values. Raises WrongUse, which names the variable alone, where
    one is neither set nor has a default.

    where: the setting that the text comes from.
    """

    def value(found: re.Match[str]) -> str:
        given = os.environ.get(found[1]) or found[2]
        if given is None:
            raise WrongUse(where, f"the environment variable {found[1]} is not set", "Set it.")
        return given

    return _REFERENCE.sub(value, text)
