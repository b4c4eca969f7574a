"""The environment: the variables that the hub reads, and references to others in settings, as
${NAME}, or ${NAME:-value} with a default."""

import os
import re
from typing import Annotated

from msgspec import Meta

from loader.config.reading import Settings, read_as
from loader.errors import WrongUse

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_PREFIX = "HUB_"


class Environment(Settings, frozen=True, rename=lambda name: _PREFIX + name.upper()):
    """Every variable that the hub reads, but for those that a source's YAML names. One that is
    empty counts as not set."""

    project: Annotated[
        str | None, Meta(description="The project's folder, for commands that start elsewhere.")
    ] = None
    database: Annotated[
        str | None, Meta(description="The warehouse, a DuckDB file; dbt reads it, too.")
    ] = None
    landing: Annotated[
        str | None, Meta(description="The landing folder, with a folder for each source.")
    ] = None
    memory_limit: Annotated[
        str | None,
        Meta(description="What DuckDB may take, such as 2GB or 50%; dbt reads it, too."),
    ] = None
    run_id: Annotated[
        str | None,
        Meta(description="The run that a build belongs to. The hub sets it for dbt; do not."),
    ] = None
    request: Annotated[
        str | None,
        Meta(
            description="Who asked for what, for the audit log. The server sets it for the "
            "commands that it starts; do not."
        ),
    ] = None


def read_environment() -> Environment:
    """What the environment says."""
    known = Environment.__struct_encode_fields__
    return read_as(
        Environment,
        {name: value for name in known if (value := os.environ.get(name))},
        "the environment",
    )


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
