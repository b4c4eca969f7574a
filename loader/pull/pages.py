"""Writes pages into the landing folder: each is there whole, or not at all."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loader.errors import HubError
from loader.warehouse.durable import sync

_PART = ".pull-"


@dataclass(frozen=True)
class PageFile:
    """A page as it is written.   ending: what its file's name ends in."""

    content: bytes
    ending: str

    @property
    def sha256(self) -> str:
        """The digest by which the ledger of files knows it."""
        return hashlib.sha256(self.content).hexdigest()


def page_file(items: Sequence[str]) -> PageFile:
    """Items as a file whose reader gives each back as it stands.

    One a line, as NDJSON. Where an item is empty, or has a line end of its own (between tokens,
    or in a string that is then no JSON), no line could hold it: then they are a JSON array.
    """
    if all(item and "\n" not in item and "\r" not in item for item in items):
        text, ending = "".join(f"{item}\n" for item in items), ".ndjson"
    else:
        joined = ",\n".join(items)
        text, ending = f"[{joined}]\n", ".json"
    return PageFile(text.encode("utf-8", "surrogateescape"), ending)


def open_folder(landing: Path, source: str) -> Path:
    """The folder of a source, without what a killed pull left half written. Raises HubError."""
    folder = landing / source
    if not landing.is_dir() or folder.is_symlink():
        raise HubError(
            f"landing folder {landing if not landing.is_dir() else folder}",
            "there is no such folder" if not landing.is_dir() else "it is a symbolic link",
            "Create it, or name another with --landing.",
        )
    folder.mkdir(exist_ok=True)
    for left in folder.glob(f"{_PART}*"):
        left.unlink()
    return folder


def write_page(folder: Path, name: str, page: PageFile) -> Path:
    """Write a page as `name` and its ending. When this returns, no power cut takes it away."""
    path = folder / f"{name}{page.ending}"
    # hidden, so that a command that lands files meanwhile takes it for no data
    part = folder / f"{_PART}{path.name}"
    try:
        with part.open("wb") as file:
            file.write(page.content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync(folder)
    return path
