"""The project as dbt parses it, kept from one test session to the next.

Parsing takes dbt two seconds, and the tests work in dozens of copies of the project. A copy that
finds the parsed project in its target folder is parsed no more than where it was changed.
"""

import tempfile
from pathlib import Path

import msgpack
import pytest

from tests.support.kept import kept, state_of

_NAME = "partial_parse.msgpack"
_ROOT = "where the project is"


def add_parsed_project(root: Path) -> None:
    """Put the parsed project into the target folder of the copy of the project at `root`."""
    anywhere = kept("parsed", parsed_from(root), lambda path: _parse(root, path))
    parsed = anywhere.read_bytes().replace(msgpack.packb(_ROOT), msgpack.packb(str(root)))
    (root / "target").mkdir(exist_ok=True)
    (root / "target" / _NAME).write_bytes(parsed)


def parsed_from(root: Path) -> str:
    """What the files that dbt parses are known by."""
    return state_of(root, ".sql", ".yml", ".md", ".csv")


def _parse(root: Path, file: Path) -> None:
    """Parse the project at `root`, and keep what dbt wrote, for a project in any folder."""
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory() as target, pytest.MonkeyPatch.context() as patch:
        patch.delenv("HUB_DATABASE", raising=False)
        patch.chdir(root)
        outcome = dbtRunner().invoke(
            [
                *("parse", "--project-dir", str(root), "--profiles-dir", str(root)),
                *("--target-path", target, "--log-level-file", "none", "--quiet"),
            ]
        )
        assert outcome.success, outcome.exception
        # a seed is read from the folder in which it was parsed
        parsed_by_dbt = (Path(target) / _NAME).read_bytes()
        anywhere = parsed_by_dbt.replace(msgpack.packb(str(root)), msgpack.packb(_ROOT))
        assert str(root).encode() not in anywhere, "dbt keeps the project's folder in another form"
        file.write_bytes(anywhere)
