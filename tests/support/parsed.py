"""The project as dbt parses it, kept from one test session to the next.

Parsing takes dbt two seconds, and the tests work in dozens of copies of the project. A copy that
finds the parsed project in its target folder is parsed no more than where it was changed.
"""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import msgpack
import pytest

from tests.support.shipped import PROJECT

_CACHE = PROJECT / ".pytest_cache" / "d" / "parsed"  # ignored by git, removed by `make clean`
_NAME = "partial_parse.msgpack"


def add_parsed_project(root: Path) -> None:
    """Put the parsed project into the target folder of the copy of the project at `root`."""
    kept = _CACHE / f"{_digest_of(root)}.msgpack"
    if not kept.exists():
        with _alone():
            # another process may have parsed it meanwhile
            if not kept.exists():
                _parse(root, kept)
    parsed = msgpack.unpackb(kept.read_bytes(), strict_map_key=False)
    for node in parsed["nodes"].values():
        # where dbt reads a seed from: the folder that it was parsed in may be gone
        if node["resource_type"] == "seed":
            node["root_path"] = str(root)
    (root / "target").mkdir(exist_ok=True)
    (root / "target" / _NAME).write_bytes(msgpack.packb(parsed))


def _digest_of(root: Path) -> str:
    """What the files that dbt parses, and dbt itself, are known by."""
    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}".encode())
    for path in sorted(root.rglob("*")):
        if path.suffix in (".sql", ".yml", ".md", ".csv"):
            digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """Keep the other processes of the session waiting until the block is left."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _parse(root: Path, kept: Path) -> None:
    """Parse the project at `root`, and keep what dbt wrote in the place of all kept before."""
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory() as target, pytest.MonkeyPatch.context() as patch:
        patch.delenv("HUB_DATABASE", raising=False)
        patch.chdir(root)
        parsed = dbtRunner().invoke(
            [
                *("parse", "--project-dir", str(root), "--profiles-dir", str(root)),
                *("--target-path", target, "--log-level-file", "none", "--quiet"),
            ]
        )
        assert parsed.success, parsed.exception
        for old in _CACHE.glob("*.msgpack"):
            old.unlink()
        part = kept.with_suffix(".part")
        shutil.copy(Path(target) / _NAME, part)
        part.replace(kept)
