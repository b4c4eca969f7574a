"""Reads the project's YAML files and says where in them something is wrong."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from loader.errors import WrongUse

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, shown_as: str) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises WrongUse where the file is missing, is no YAML, or holds no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(shown_as, f"cannot be read ({error})", "Check the file.") from error
    try:
        content = yaml.load(text, Loader=_LOADER)  # nosec B506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{shown_as}, line {mark.line + 1}" if mark else shown_as
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise WrongUse(where, f"this is no valid YAML: {problem}", "Correct the line.") from error
    if content is None:
        return {}
    return mapping(content, shown_as)


def mapping(value: Any, where: str) -> dict[str, Any]:
    """`value`, which must be a mapping; None counts as an empty one. Raises WrongUse."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongUse(where, f"expected a mapping, found {value!r}", "Write `name: value` lines.")
    return value


def only_known(given: dict[str, Any], known: Collection[str], where: str) -> None:
    """Raise WrongUse where `given` has a key that is not `known`."""
    for key in given:
        if key not in known:
            raise WrongUse(
                where, f"unknown key '{key}'", f"Expected one of {', '.join(sorted(known))}."
            )


def one_of(value: Any, known: Collection[str], where: str) -> str:
    """`value`, which must be one of the `known` words. Raises WrongUse."""
    if value not in known:
        raise WrongUse(where, f"unknown value {value!r}", f"Expected one of {', '.join(known)}.")
    return str(value)


def positive(value: Any, where: str) -> float:
    """`value`, which must be a number above 0. Raises WrongUse."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise WrongUse(where, f"expected a number, found {value!r}", "Write one above 0.")
    return float(value)
