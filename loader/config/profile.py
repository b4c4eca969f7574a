"""Refuses what profiles.yml must not ask of DuckDB: an encrypted database."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loader.config.reading import read_yaml
from loader.errors import WrongUse

_FILE = "profiles.yml"
_REFUSED = ("encryption_key", "encryption_cipher", "force_mbedtls_unsafe")
_ANY = re.compile("|".join(_REFUSED), re.IGNORECASE)


def check_profile(root: Path) -> None:
    """Raise WrongUse where the profile asks for DuckDB's own encryption.

    This DuckDB reads encrypted databases and cannot write them: that takes its extension httpfs,
    which no package of this version has. What it can do without, force_mbedtls_unsafe, is for
    tests: its random numbers are weak.
    """
    path = root / _FILE
    # parsing it takes longer than most of the rest, and most profiles do not have the words
    if not path.is_file() or not _ANY.search(path.read_text(errors="replace")):
        return
    for name in _names_in(read_yaml(path, _FILE)):
        if name.lower() in _REFUSED:
            raise WrongUse(
                f"{_FILE}: {name}",
                "this DuckDB cannot write encrypted databases: it would need the extension httpfs, "
                "which does not exist for it, and force_mbedtls_unsafe is not safe",
                "Encrypt the disk, and what leaves the machine with `hub backup --recipient`: "
                "docs/operations.md, Backups.",
            )


def _names_in(content: Any) -> Iterator[str]:
    """All keys of a YAML document, at any depth."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield str(name)
            yield from _names_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from _names_in(value)
