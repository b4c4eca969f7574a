"""Finds the files of a source: in its folder and in the folders below it."""

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Found:
    """What lies in a folder and below it, each in the order of names.

    entries:    all that is no folder: files, links, sockets.
    hidden:     files and folders whose names begin with a dot; they are no data.
    unreadable: folders that cannot be read, each with the reason.
    """

    entries: list[Path] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


def walk(folder: Path) -> Found:
    """What lies in a folder and below it; nothing where it is a link or no folder. No link is
    followed."""
    found = Found()
    if not folder.is_dir() or folder.is_symlink():
        return found
    waiting = [folder]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(inside) as entries:
                for entry in entries:
                    path = inside / entry.name
                    if entry.name.startswith("."):
                        found.hidden.append(path)
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    else:
                        found.entries.append(path)
        except OSError as error:
            found.unreadable.append((inside, error.strerror or "cannot be read"))
    found.entries.sort()
    found.hidden.sort()
    found.unreadable.sort()
    return found


def open_below(folder: Path, path: Path) -> int:
    """A descriptor of a file in a folder or below it, to read. Raises OSError.

    Neither the file nor a folder on the way to it may be a link: one could lead elsewhere. A pipe
    is not waited for.
    """
    *folders, name = path.relative_to(folder).parts
    inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for step in folders:
            below = os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=inside)
            os.close(inside)
            inside = below
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=inside)
    finally:
        os.close(inside)
