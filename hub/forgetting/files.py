"""Takes records out of the files that they came in: in the landing folder and in the archive."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import duckdb

from hub.forgetting.selection import TO_FORGET
from loader import progress
from loader.config.project import Project
from loader.config.sources import Source
from loader.errors import HubError
from loader.landing.digest import digest_of
from loader.landing.names import name_of
from loader.landing.walk import open_below, walk
from loader.landing.without import Content, look_through, write_without
from loader.readers import FileFormat, UnreadableFile, format_of
from loader.warehouse.durable import sync
from loader.warehouse.ledger import Load, add_load, next_load_id, settings_text
from loader.warehouse.leftovers import aside_of, remove_leftovers
from loader.warehouse.transactions import transaction


@dataclass(frozen=True)
class ChangedFile:
    """A file that held a record to forget.

    file:    its path.   removed: whether nothing of it is left, or it cannot be written again.
    dropped: how many records were taken out of it.   kept: how many are left in it.
    """

    file: Path
    dropped: int
    kept: int
    removed: bool


def files_of(project: Project, sources: list[Source]) -> Iterator[tuple[Source, Path, Path]]:
    """(source, its folder, file) of all that lies in the landing folder and in the archive of some
    sources, in the order of names."""
    for source in sources:
        for folder in (project.landing / source.name, project.archive / source.name):
            for path in walk(folder).entries:
                if path.is_file() and not path.is_symlink():
                    yield source, folder, path


def forget_in_files(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    sources: list[Source],
    run_id: str | None,
    *,
    dry: bool = False,
) -> list[ChangedFile]:
    """Write the files of the sources that have landed again, each without the records of TO_FORGET
    and those that were forgotten before; a file with none left, and a Parquet file, is removed. The
    ledger then knows the new content, so it does not land.

    A file that nobody could land is left alone. Raises HubError where one cannot be written again.
    """
    changed = []
    for source, folder, path in files_of(project, sources):
        progress.show(f"looking through {path}")
        with os.fdopen(open_below(folder, path), "rb") as file:
            found = _look(connection, source, path, file)
            if found is None:
                continue
            fmt, content = found
            is_removed = not content.kept or fmt.kind == "parquet"
            if not dry:
                if is_removed:
                    path.unlink()
                    sync(path.parent)
                else:
                    name = name_of(source.name, path, folder)
                    _Rewriting(connection, source, path, name, run_id).write(file, fmt, content)
        kept = 0 if is_removed else content.kept
        changed.append(ChangedFile(path, len(content.dropped), kept, is_removed))
    progress.clear()
    return changed


def _look(
    connection: duckdb.DuckDBPyConnection, source: Source, path: Path, file: BinaryIO
) -> tuple[FileFormat, Content] | None:
    """How a file is read and what is left of it; None where all may stay."""
    declared = source.format.declared()
    try:
        fmt = format_of(path.name, **declared)
        sha256 = digest_of(file, path.name, declared)
        numbers, texts = _of_load(connection, source.name, sha256)
        if not numbers and not texts:
            return None
        content = look_through(file, fmt, lambda number, text: number in numbers or text in texts)
    except UnreadableFile:
        return None
    return (fmt, content) if content.dropped else None


def _of_load(
    connection: duckdb.DuckDBPyConnection, source: str, sha256: str
) -> tuple[set[int], set[str]]:
    """Of the records in a file with this content, the numbers of those to drop, and the texts: a
    file that was written again has other numbers than what landed."""
    loads = connection.execute(
        "select load_id, status from raw.loads where source = ? and sha256 = ? "
        "and status in ('landed', 'known')",
        [source, sha256],
    ).fetchall()
    if not loads:
        return set(), set()
    landed = [load_id for load_id, status in loads if status == "landed"]
    chosen = f"select load_id, row_number from {TO_FORGET} where source = $source"
    numbers = connection.execute(
        f"select row_number from raw.{source} where list_contains($loads::bigint[], load_id) "
        f"and (problem = 'forgotten' or (load_id, row_number) in ({chosen}))",
        {"source": source, "loads": landed},
    ).fetchall()
    texts = connection.execute(
        f"select distinct record from raw.{source} "
        f"where record is not null and (load_id, row_number) in ({chosen})",
        {"source": source},
    ).fetchall()
    return {number for (number,) in numbers}, {text for (text,) in texts}


@dataclass(frozen=True)
class _Rewriting:
    """Writes one file again, aside, and puts it where it was when the ledger knows it."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    path: Path
    name: str
    run_id: str | None

    def write(self, file: BinaryIO, fmt: FileFormat, content: Content) -> None:
        remove_leftovers(self.path.parent)
        aside = aside_of(self.path)
        try:
            with aside.open("w+b") as target:
                write_without(file, fmt, content, target)
                sha256 = digest_of(target, self.path.name, self.source.format.declared())
                os.fsync(target.fileno())
            shutil.copystat(self.path, aside)
            self._note(sha256, aside.stat().st_size)
            aside.replace(self.path)
        except UnreadableFile as error:
            raise HubError(
                f"file {self.path}",
                f"it cannot be written again ({error.reason}: {error})",
                "Take the records out of it by hand, or remove it; then run the same command "
                "again.",
            ) from error
        finally:
            aside.unlink(missing_ok=True)
        sync(self.path.parent)

    def _note(self, sha256: str, size: int) -> None:
        """Let the ledger know the new content, before it is there."""
        with transaction(self.connection):
            if self.connection.execute(
                "select 1 from raw.loads where source = ? and sha256 = ? "
                "and status in ('landed', 'known')",
                [self.source.name, sha256],
            ).fetchall():
                return
            load = Load(
                load_id=next_load_id(self.connection),
                source=self.source.name,
                file=self.name,
                sha256=sha256,
                size=size,
                rows=0,
                status="known",
                run_id=self.run_id,
                reason="written again without the records of a forgotten key",
                settings=settings_text(self.source),
            )
            add_load(self.connection, load)
