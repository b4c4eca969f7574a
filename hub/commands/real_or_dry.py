"""Carries out a run on the warehouse, or, dry, on a copy of it."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hub.alerts.watch import Watch
from hub.runs.kept_run import carry_out_and_keep
from hub.runs.run import RunResult, RunSpec, carry_out
from loader.config.project import Project
from loader.warehouse.connection import read_warehouse


def run_real_or_dry(project: Project, spec: RunSpec, dry: bool) -> RunResult:
    """Carry out a run on the warehouse and write its receipt, or, dry, on a copy."""
    if not dry:
        # left after the lock: whoever is told of alerts keeps nobody from the warehouse
        with Watch(project) as watch:
            return carry_out_and_keep(project, replace(spec, watch=watch))
    with tempfile.TemporaryDirectory(prefix="hub-dry-run-") as folder:
        copy = _copy_warehouse(project, Path(folder))
        on_copy = replace(spec, exports=False)
        return carry_out(replace(project, database=copy), on_copy, Path(folder) / "target")


def _copy_warehouse(project: Project, folder: Path) -> Path:
    """A copy of the warehouse, with what its log holds. Raises HubError where it is locked."""
    database = project.database
    copy = folder / database.name
    if not database.exists():
        return copy
    # nobody writes while it is open; the database comes last, as the system gives DuckDB's lock
    # back as soon as this process has closed the file
    with read_warehouse(project):
        for name in (f"{database.name}.wal", database.name):
            if (database.parent / name).exists():
                shutil.copy2(database.parent / name, folder / name)
    return copy
