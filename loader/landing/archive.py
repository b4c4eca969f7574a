"""Moves files that have landed from the landing folder into the archive beside it.

At each moment a file is in one of the two, whatever ends the process: it is moved by one rename or,
to another disk, removed when its copy is proven and on the disk. What was put in its place
meanwhile is left alone, and what was written to it while it was moved comes back.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from loader.config.sources import Source
from loader.landing.digest import digest_of
from loader.landing.walk import open_below
from loader.warehouse.durable import sync
from loader.warehouse.leftovers import aside_of, remove_leftovers


def archive_file(source: Source, folder: Path, path: Path, archive: Path, sha256: str) -> Path:
    """Move a file that has landed to archive/<source>/<date>/, below which it keeps its place; the
    date is today's (UTC). Returns where it is then.

    folder: of the source, where the file lies below it.
    sha256: the digest that it landed by.

    Raises OSError where it cannot be moved or is not what has landed: then it stays where it is.
    """
    today = datetime.now(UTC).date().isoformat()
    place = archive / source.name / today / path.relative_to(folder).parent
    with os.fdopen(open_below(folder, path), "rb") as file:
        before = os.fstat(file.fileno())
        if digest_of(file, path.name, source.format.declared()) != sha256:
            raise OSError(errno.EBUSY, "it changed after it landed")
        place.mkdir(parents=True, exist_ok=True)
        target = next(
            name
            for name in _names(place, path.name)
            if not os.path.lexists(name) or _has_content(source, name, sha256)
        )
        os.fsync(file.fileno())
        try:
            path.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(file, target, before)
            if not _has_content(source, target, sha256) or not _is_as_before(path, before):
                raise OSError(errno.EBUSY, "it changed while it was copied") from error
            path.unlink()
        else:
            _put_back_if_changed(path, target, before)
    sync(place)
    sync(path.parent)
    return target


def _names(place: Path, name: str) -> Iterator[Path]:
    """Names for a file: its own, then with a number before it."""
    yield place / name
    yield from (place / f"{number}-{name}" for number in count(2))


def _put_back_if_changed(path: Path, target: Path, before: os.stat_result) -> None:
    """Give back what was not the file that has landed. Raises OSError then."""
    if _is_as_before(target, before):
        return
    back = next(free for free in _names(path.parent, path.name) if not os.path.lexists(free))
    target.rename(back)
    raise OSError(errno.EBUSY, "it changed while it was moved")


def _copy(file: BinaryIO, target: Path, before: os.stat_result) -> None:
    """Write a copy of a file that is on the disk when this returns."""
    remove_leftovers(target.parent)
    aside = aside_of(target)
    try:
        with aside.open("wb") as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy)
        os.utime(aside, ns=(before.st_atime_ns, before.st_mtime_ns))
        sync(aside)
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)
    sync(target.parent)


def _has_content(source: Source, path: Path, sha256: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return digest_of(file, path.name, source.format.declared()) == sha256


def _is_as_before(path: Path, before: os.stat_result) -> bool:
    now = path.lstat()
    return (now.st_size, now.st_mtime_ns, now.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
