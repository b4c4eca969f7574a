"""Reads the project's YAML files and says where in them something is wrong."""

from pathlib import Path
from typing import Any

import yaml

from loader.config.reading.convert import read_as
from loader.errors import WrongUse

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, shown_as: str) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises WrongUse where the file is missing, is no YAML, or holds no mapping.
    """
    return parse_yaml(read_text(path, shown_as), shown_as)


def read_text(path: Path, shown_as: str) -> str:
    """The text of a file of the project. Raises WrongUse where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(shown_as, f"cannot be read ({error})", "Check the file.") from error


def parse_yaml(text: str, shown_as: str) -> dict[str, Any]:
    """The mapping in the text of a YAML file. Raises WrongUse."""
    try:
        content = yaml.load(text, Loader=_LOADER)  # nosec B506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{shown_as}, line {mark.line + 1}" if mark else shown_as
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise WrongUse(where, f"this is no valid YAML: {problem}", "Correct the line.") from error
    return read_as(dict[str, Any], {} if content is None else content, shown_as)
