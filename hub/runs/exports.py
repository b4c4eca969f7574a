"""Writes targets to files, as `vars: exports` says: each is there whole, or as it was before."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from hub.queries.exported import Format, as_text
from hub.runs.changes import BuildState
from hub.runs.receipt_files import write_json
from loader import interrupts
from loader.config.project import Project
from loader.warehouse.durable import sync
from loader.warehouse.leftovers import aside_of, remove_leftovers

log = logging.getLogger(__name__)

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What an export is of, as it stands beside it.

    file:   its name.   rows, bytes: how many it has.
    run_id: the run that wrote it.
    state:  what the target was known by; another one asks for another export.
    """

    entity: str
    file: str
    rows: int
    bytes: int
    run_id: str
    state: str

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """The manifest in a folder; None where there is none that can be read."""
        try:
            return cls(**json.loads((folder / _MANIFEST).read_text()))
        except (OSError, ValueError, TypeError):
            return None


def write_exports(
    connection: duckdb.DuckDBPyConnection, project: Project, state: BuildState, run_id: str
) -> list[str]:
    """Write the exports whose targets are not as they were exported last; returns what failed.

    state: of the warehouse as it is now.
    """
    errors = []
    for entity, form in project.vars.exports.items():
        folder = project.exports / entity
        found = f"{state.project}:{state.entities[entity]}"
        file = f"{entity}.{form}"
        before = Manifest.read(folder)
        if before and (before.file, before.state) == (file, found) and (folder / file).exists():
            continue
        try:
            manifest = _write(connection, folder, entity, Format(form), found, run_id)
        except (OSError, duckdb.Error) as error:
            if interrupts.requested():
                raise KeyboardInterrupt from error
            said = (str(error).splitlines() or [type(error).__name__])[0]
            errors.append(f"export {folder / file}: {said}")
            continue
        log.info("exported %s: %s rows", folder / file, manifest.rows)
        if before and before.file != file:
            # in another format; whoever opened it keeps it
            (folder / Path(before.file).name).unlink(missing_ok=True)
    return errors


def _write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    entity: str,
    form: Format,
    state: str,
    run_id: str,
) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    path = folder / f"{entity}.{form}"
    aside = aside_of(path)
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = "
        "current_database() and schema_name = 'marts' and table_name = ? order by column_index",
        [entity],
    ).fetchall()
    listed = "*" if form is Format.PARQUET else ", ".join(as_text(*column) for column in columns)
    target = str(aside).replace("'", "''")
    try:
        ((rows,),) = connection.execute(
            f"copy (select {listed} from marts.{entity}) to '{target}' "
            f"({form.options}, use_tmp_file false)"
        ).fetchall()
        sync(aside)
        size = aside.stat().st_size
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(folder)
    manifest = Manifest(entity, path.name, rows, size, run_id, state)
    write_json(folder / _MANIFEST, asdict(manifest))
    return manifest
