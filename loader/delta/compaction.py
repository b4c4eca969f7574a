"""Writes the many small files of a lakehouse's tables into few, and removes old ones."""

from dataclasses import dataclass

from loader import progress
from loader.config.project import Project
from loader.delta.lakehouse import NUMBERS, open_lakehouse
from loader.delta.place import Place
from loader.delta.tables import DeltaTables

# Whoever reads a version of a table may go on for so long. A landing that is at work has files that
# no commit names yet: these stay as long, too.
KEPT_HOURS = 168


@dataclass(frozen=True)
class Compacted:
    """What became of a table.

    files_before, files_after: of how many data files it consisted, and does.
    removed: how many files were removed that nothing needs any more.
    """

    table: str
    files_before: int
    files_after: int
    removed: int


def compact(project: Project, place: Place) -> list[Compacted]:
    """Compact the tables that landings write, beside whatever lands, and remove the files that no
    version of the last KEPT_HOURS has."""
    with open_lakehouse(project, place) as (_, lakehouse):
        tables = lakehouse.tables
        written = ["raw.loads", "raw.fields", "ops.runs", NUMBERS]
        written += [f"raw.{source}" for source in project.declared_sources]
        done = [_compact(tables, table) for table in sorted(written)]
    progress.clear()
    return done


def _compact(tables: DeltaTables, table: str) -> Compacted:
    progress.show(f"compacting {table}")
    before = len(tables.open(table).file_uris())
    removed = tables.until_committed(lambda: tables.compact(table, KEPT_HOURS))
    return Compacted(table, before, len(tables.open(table).file_uris()), removed)
