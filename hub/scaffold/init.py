"""Lays down a project of its own in a new folder: the models, macros and samples that the hub
ships, for its user to change."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from hub.scaffold.shipped_files import carried_files
from loader import __version__
from loader.errors import WrongUse
from loader.warehouse.leftovers import aside_of


@dataclass(frozen=True)
class NewProject:
    """What was laid down, or would be.   files: their places in the folder, sorted."""

    folder: Path
    hub_version: str
    files: tuple[str, ...]


def lay_down(folder: Path, *, dry: bool = False) -> NewProject:
    """Lay down a project in a folder that does not exist yet, or is empty: all of it, or nothing.

    dry: only say what it would be. Raises WrongUse where something is in the folder.
    """
    folder = folder.absolute()
    _check(folder)
    files = carried_files()
    if not dry:
        aside = aside_of(folder)
        shutil.rmtree(aside, ignore_errors=True)
        try:
            for name, path in files.items():
                target = aside / name
                target.parent.mkdir(parents=True, exist_ok=True)
                # what is installed may be readable only
                target.write_bytes(path.read_bytes())
            # takes the place of an empty folder, and of no other
            aside.rename(folder)
        except OSError as error:
            if folder.exists():
                _check(folder)
            raise error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return NewProject(folder, __version__, tuple(sorted(files)))


def _check(folder: Path) -> None:
    """Raise WrongUse where no project can be laid down."""
    where = f"folder {folder}"
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WrongUse(where, "it is there, and is no folder", "Name another.")
    if folder.is_dir():
        if next(folder.iterdir(), None):
            raise WrongUse(where, "it is not empty", "Name a new one, or an empty one.")
        if folder.samefile(Path.cwd()):
            # the shell would stay in the empty one
            raise WrongUse(
                where, "it is the current folder", "Go to the one above, and name it from there."
            )
    parent = folder.parent
    if not parent.is_dir():
        raise WrongUse(where, f"there is no folder {parent}", "Create it.")
    if not os.access(parent, os.W_OK):
        raise WrongUse(where, f"nothing can be written into {parent}", "Name another.")
