"""Writes files aside from where they belong, and removes those that killed commands left there."""

import os
import re
from pathlib import Path

_ASIDE = re.compile(r"\..+\.(\d+)(\.wal)?")


def remove_leftovers(*folders: Path) -> None:
    """Remove what the loader wrote aside in these folders, as .<name>.<process>, where that
    process is no more."""
    for folder in folders:
        if folder.is_dir():
            for path in folder.iterdir():
                aside = _ASIDE.fullmatch(path.name)
                if aside and path.is_file() and not _is_alive(int(aside[1])):
                    path.unlink(missing_ok=True)


def aside_of(path: Path) -> Path:
    """Where this process writes what is to stand at `path` when it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside and then under its name: a reader never meets half of it."""
    aside = aside_of(path)
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make what a file holds, or which files a folder has, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # it is somebody else's
    return True
