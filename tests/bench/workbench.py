"""The project as the benchmark runs it: a copy, so that nobody's warehouse is touched.

The copy holds the loader, too: the code stays as it was when the session began, whatever is edited
meanwhile.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import PROJECT, data, measure
from tests.bench.measure import Usage

_PARTS = ("hub", "loader", "macros", "models", "seeds", "snapshots", "tests")
_FILES = ("dbt_project.yml", "profiles.yml")
# what a measurement depends on
COPIED = (*_PARTS, *_FILES)


class Workbench:
    """A copy of the project in a folder of its own, with its landing folder and warehouse.

    work: the folder for everything that the benchmark writes.   root: that of the copy.
    """

    def __init__(self, work: Path, root: Path) -> None:
        self.work = work
        self.root = root
        ignored = shutil.ignore_patterns("__pycache__")
        for part in _PARTS:
            shutil.copytree(PROJECT / part, root / part, ignore=ignored)
        for name in _FILES:
            shutil.copy(PROJECT / name, root / name)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HUB_", "DBT_", "PYTHON"))
        } | {"PYTHONPATH": str(root)}

    @property
    def database(self) -> Path:
        return self.root / "warehouse.duckdb"

    def empty(self) -> None:
        """Go back to no warehouse, no receipts, no files to land."""
        _remove(self.database)
        shutil.rmtree(self.root / "receipts", ignore_errors=True)
        shutil.rmtree(self.root / "landing", ignore_errors=True)
        (self.root / "landing").mkdir()

    def file(self, shape: str, form: str, first: int, count: int, history: int = 0) -> Path:
        """A file of records: see data.dataset."""
        return data.dataset(self.work, shape, form, first, count, history)

    def drop(self, source: str, *files: Path) -> None:
        """Put files into the landing folder of a source, in place of those that were there."""
        folder = self.root / "landing" / source
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in files:
            os.link(file, folder / file.name)

    def hub(self, *words: str) -> Usage:
        """Run a `hub` command, as a process of its own."""
        return self.python("-c", "from hub.main import program; program()", *words)

    def dbt(self, *words: str, folder: Path | None = None) -> Usage:
        """Run plain dbt, on the project in a folder: by default on the copy."""
        command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *words]
        return measure.run(command, folder or self.root, self.environment)

    def python(self, *words: str | Path) -> Usage:
        """Run Python in the copy."""
        return measure.run([sys.executable, *words], self.root, self.environment)

    def bare(self, file: Path) -> Usage:
        """Read a file into a new database with nothing but one statement."""
        _remove(self.bare_database)
        return self.python("-m", "tests.bench.bare", file, self.bare_database)

    @property
    def bare_database(self) -> Path:
        return self.root / "bare.duckdb"

    def row_by_row(self, file: Path) -> Usage:
        """Take a file of events into a new database with the program in row_by_row.py."""
        _remove(self.sqlite_database)
        return self.python("-m", "tests.bench.row_by_row", file, self.sqlite_database)

    @property
    def sqlite_database(self) -> Path:
        return self.root / "row_by_row.sqlite"

    def keep_database(self, name: str) -> Path:
        """Put the warehouse aside under a name; restore() brings a copy of it back."""
        kept = self.root / f"{name}.kept"
        self.database.rename(kept)
        return kept

    def copy_database(self, name: str) -> Path:
        """A copy of the warehouse beside it."""
        copy = self.root / f"{name}.copy"
        shutil.copyfile(self.database, copy)
        return copy

    def fresh_folder(self, name: str) -> Path:
        """An empty folder in the copy."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def restore(self, kept: Path) -> None:
        """Take a copy of a warehouse that was put aside as the warehouse."""
        self.empty()
        shutil.copyfile(kept, self.database)


@contextmanager
def open_workbench(work: Path, *, publishes: bool) -> Iterator[Workbench]:
    """A workbench, removed at the end; the records that were made stay for the next session.

    publishes: whether runs publish the warehouse. One that was put back they publish as a whole.
    """
    work.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="project-", dir=work))
    try:
        bench = Workbench(work, root)
        if not publishes:
            settings = root / "dbt_project.yml"
            settings.write_text(settings.read_text().replace("publish: true", "publish: false"))
        # dbt parses a project once, leaves its plan with the first increment, and the interpreter
        # compiles all once; who runs the hub every day does not pay for that again
        bench.empty()
        bench.hub("run", "--force")
        bench.drop("app", bench.file("events", "ndjson", 0, 1))
        bench.hub("run")
        bench.empty()
        bench.hub("run", "--force")
        yield bench
    finally:
        shutil.rmtree(root)


def _remove(database: Path) -> None:
    """Remove a database with all its files."""
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


def size_of(database: Path) -> int:
    """The bytes of a database, with those of its log."""
    return sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))
