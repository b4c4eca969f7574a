"""Brings files into a project: worked out on a copy of its own, then all of them or none."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loader.config.project import open_project
from loader.errors import HubError, WrongUse

_COPIED = ("dbt_project.yml", "macros", "models", "seeds", "snapshots", "docs/contracts.md")
_SUFFIXES = (".sql", ".yml", ".yaml", ".md", ".csv")


@dataclass(frozen=True)
class FileChange:
    """A file as it should be.

    path:   from the project's folder.
    is_new: whether it is not there yet.
    """

    path: str
    text: str
    is_new: bool


@contextmanager
def copied_project(root: Path) -> Iterator[Path]:
    """A copy of what decides how records are read, in a temporary folder, for as long as the block
    lasts."""
    with tempfile.TemporaryDirectory(prefix="hub-new-") as folder:
        copy = Path(folder)
        for name in _COPIED:
            path = root / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file() and file.suffix in _SUFFIXES:
                    target = copy / file.relative_to(root)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)
        yield copy


def write_texts(root: Path, texts: Mapping[str, str]) -> None:
    """Write files, with the folders that they need.   texts: path from `root` -> text."""
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def changes_in(copy: Path, root: Path) -> list[FileChange]:
    """What is new or other in a copy of the project. Raises WrongUse where it cannot be built."""
    open_project(folder=str(copy)).require_sound()
    changes = []
    for file in sorted(copy.rglob("*")):
        if file.is_file():
            path = file.relative_to(copy).as_posix()
            text = file.read_text(encoding="utf-8")
            original = root / path
            if not original.is_file():
                changes.append(FileChange(path, text, is_new=True))
            elif original.read_text(encoding="utf-8") != text:
                changes.append(FileChange(path, text, is_new=False))
    return changes


def require_absent(root: Path, paths: list[str]) -> None:
    """Raise WrongUse where one of the files is there already."""
    for path in paths:
        if (root / path).exists():
            raise WrongUse(
                path,
                "it is there already, and nothing is overwritten",
                "Choose another name, or move the file away first.",
            )


def apply_changes(root: Path, changes: list[FileChange]) -> None:
    """Write all files, or, raising HubError, none of them."""
    require_absent(root, [change.path for change in changes if change.is_new])
    before = {
        change.path: (root / change.path).read_bytes() for change in changes if not change.is_new
    }
    made: list[Path] = []
    written: list[FileChange] = []
    try:
        for change in changes:
            target = root / change.path
            made += _make_folders(target.parent)
            written.append(change)
            _replace(target, change.text)
    except OSError as error:
        for change in written:
            target = root / change.path
            with suppress(OSError):
                if change.is_new:
                    target.unlink(missing_ok=True)
                else:
                    target.write_bytes(before[change.path])
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise HubError(
            f"{error.filename or root}",
            f"cannot be written ({error.strerror}); nothing was changed",
            "Check the rights and the space of the project's folder, then try again.",
        ) from error


def _make_folders(folder: Path) -> list[Path]:
    """The folders that were missing, the outer ones first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _replace(target: Path, text: str) -> None:
    """Write a file so that it is there whole, or as it was."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        aside.write_text(text, encoding="utf-8")
        if target.exists():
            shutil.copymode(target, aside)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
