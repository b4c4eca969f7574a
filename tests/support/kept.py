"""What takes long to make, kept from one test session to the next."""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from tests.support.shipped import PROJECT

_CACHE = PROJECT / ".pytest_cache" / "d"  # ignored by git, removed by `make clean`
_DAY = 86_400  # seconds


def kept(kind: str, state: str, make: Callable[[Path], None]) -> Path:
    """The file or folder that `make` writes at the path that it is given; it is called once for
    each state. Other processes wait meanwhile.

    kind: what it is, for a folder's name; state: what all that it follows from is known by.
    """
    folder = _CACHE / kind
    found = folder / state
    if found.exists():
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # another process may have made it meanwhile
        if not found.exists():
            for old in folder.iterdir():
                # not what another session is at work with, but what a killed one began
                age = time.time() - old.stat().st_mtime
                if old.suffix == ".part" or (old.name != "lock" and age > _DAY):
                    shutil.rmtree(old) if old.is_dir() else old.unlink()
            part = folder / f"{state}.part"
            make(part)
            part.replace(found)
    return found


def state_of(folder: Path, *suffixes: str) -> str:
    """What the files of these suffixes, and dbt with DuckDB, are known by."""
    packages = ("dbt-core", "dbt-duckdb", "duckdb")
    digest = hashlib.sha256(" ".join(map(version, packages)).encode())
    for path in sorted(folder.rglob("*")):
        if path.suffix in suffixes:
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
