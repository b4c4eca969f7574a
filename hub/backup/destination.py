"""Where a backup is written: aside first, and under its name when it is whole and on the disk."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from loader.config.project import Project
from loader.errors import HubError, WrongUse
from loader.warehouse.durable import sync
from loader.warehouse.leftovers import aside_of, is_alive
from loader.warehouse.snapshots import published_folder

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")


def path_of(given: str) -> Path:
    """The file that a path or a file:// URI names. Raises WrongUse for any other scheme: the hub
    writes files, and other programs move them."""
    scheme = _SCHEME.match(given)
    if not scheme:
        return Path(given).absolute()
    where = f"--to {given}"
    if scheme[1].lower() != "file":
        raise WrongUse(
            where,
            f"a backup is written to a file, and {scheme[1]}:// is none",
            "Name a file or file:///FILE, and copy it from there with a program for that storage.",
        )
    parts = urlsplit(given)
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
        raise WrongUse(where, "it names no file on this machine", "Write file:///FOLDER/FILE.")
    return Path(unquote(parts.path)).absolute()


def check_destination(path: Path, project: Project, *, force: bool) -> None:
    """Raise WrongUse where no backup can be written there, or a file must not be overwritten."""
    where = f"--to {path}"
    if path.is_dir():
        raise WrongUse(where, "it is a folder", "Name a file in it.")
    if not path.parent.is_dir():
        raise WrongUse(where, "its folder does not exist", "Create it or name another.")
    database = project.database.resolve()
    kept = (published_folder(database), project.receipts.resolve())
    real = path.resolve()
    if real.name.startswith((database.name, f".{database.name}")) and (
        real.parent == database.parent
    ):
        raise WrongUse(where, "the warehouse has files of that name", "Name another file.")
    if any(real.is_relative_to(folder) for folder in kept):
        raise WrongUse(where, "the hub keeps that folder itself", "Name a file in another folder.")
    if path.exists() and not force:
        raise _taken(path)


@contextmanager
def written(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A file to be written, which stands under its name when the block has ended well; only its
    owner can read it. Whatever else ends the block, or the process, leaves alone what was there.

    Raises WrongUse where there is a file by then, unless `force`.
    """
    _remove_leftovers(path)
    aside = aside_of(path)
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if force:
            aside.replace(path)
        else:
            _rename_to_new(aside, path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def _rename_to_new(aside: Path, path: Path) -> None:
    try:
        # unlike a rename, a link leaves alone what another process has created meanwhile
        path.hardlink_to(aside)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError:
        # there are file systems without links
        if path.exists():
            raise _taken(path) from None
        aside.rename(path)


def _remove_leftovers(path: Path) -> None:
    """Remove what killed backups to the same file have left beside it. The folder is not the
    hub's: nothing else in it is touched."""
    left = re.compile(rf"\.{re.escape(path.name)}\.(\d+)")
    for other in path.parent.iterdir():
        found = left.fullmatch(other.name)
        if found and not is_alive(int(found[1])):
            other.unlink(missing_ok=True)


def _taken(path: Path) -> HubError:
    return WrongUse(
        f"--to {path}", "there is a file already", "Name another, or overwrite it with --force."
    )
