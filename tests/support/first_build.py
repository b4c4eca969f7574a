"""The warehouse of a project that was built once, kept from one test session to the next.

The first build of a warehouse is dbt's, and takes ten times as long as a run of the plan that dbt
leaves behind. Most tests ask what becomes of records, and begin with all that done.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import duckdb

from tests.support.kept import kept, state_of
from tests.support.parsed import add_parsed_project, parsed_from
from tests.support.shipped import PROJECT, copy_shipped

_WAREHOUSE = "warehouse.duckdb"
_PLAN = Path("target") / "plan.json"


def add_first_build(root: Path) -> None:
    """Put into the copy of the project at `root` the warehouse that one run has left, which had
    nothing to land, and the plan of later runs."""
    shutil.copytree(_first_build(), root, dirs_exist_ok=True)


def add_tables(root: Path) -> None:
    """Put there the warehouse without the run in its log: it has its tables, as after a landing of
    nothing."""
    add_first_build(root)
    with duckdb.connect(str(root / _WAREHOUSE)) as connection:
        connection.execute("delete from ops.runs")


def add_plan(root: Path) -> None:
    """Put only the plan there."""
    (root / _PLAN).parent.mkdir(exist_ok=True)
    shutil.copy(_first_build() / _PLAN, root / _PLAN)


@cache
def _first_build() -> Path:
    with tempfile.TemporaryDirectory() as home:
        root = Path(home)
        copy_shipped(root)
        code = [state_of(PROJECT / package, ".py", ".sql") for package in ("hub", "loader")]
        state = hashlib.sha256(" ".join([parsed_from(root), *code]).encode()).hexdigest()
        return kept("first_build", state, lambda folder: _build(root, folder))


def _build(root: Path, folder: Path) -> None:
    """Build the project at `root`, and keep what that leaves in the folder."""
    add_parsed_project(root)
    (root / "landing").mkdir()
    _run(root)
    folder.mkdir()
    shutil.copy(root / _WAREHOUSE, folder / _WAREHOUSE)
    # dbt's first increment leaves the plan
    shutil.copytree(root / "samples", root / "landing", dirs_exist_ok=True)
    _run(root)
    (folder / _PLAN).parent.mkdir()
    shutil.copy(root / _PLAN, folder / _PLAN)


def _run(root: Path) -> None:
    environment = {key: text for key, text in os.environ.items() if not key.startswith("HUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "hub", "run"],
        cwd=root,
        env={**environment, "DBT_PROFILES_DIR": str(root), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
