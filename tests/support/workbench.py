"""A workbench for end-to-end tests: a real project in a temporary folder, run for real.

dbt is started once per test session and its parsed project kept, so all tests that do not change
the project's own files work in one folder, one after the other, each on an empty warehouse.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.commands import landing, runs
from loader.config.project import Project, open_project
from loader.landing.folder import Landing
from loader.warehouse.run_log import parse_clock
from tests.support.first_build import add_first_build
from tests.support.parsed import add_parsed_project
from tests.support.shipped import PROJECT as PROJECT
from tests.support.shipped import copy_shipped

_HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=len(sys.argv) > 2)
print("held", flush=True)
sys.stdin.read()
"""


@dataclass
class Workbench:
    """A project in a folder of its own, its warehouse and its landing folder."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def project(self) -> Project:
        return open_project(str(self.database), str(self.root / "landing"))

    def drop(self, name: str, content: Any) -> Path:
        """Put a file into the landing folder: text and bytes as they are, a list as NDJSON or,
        for a name in .json, as a JSON array."""
        path = self.root / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
            return path
        if not isinstance(content, str):
            lines = [json.dumps(record) for record in content]
            content = f"[{','.join(lines)}]" if name.endswith(".json") else "\n".join(lines) + "\n"
        path.write_text(content, encoding="utf-8")
        return path

    def drop_samples(self) -> None:
        """Put the shipped samples into the landing folder."""
        shutil.copytree(self.root / "samples", self.root / "landing", dirs_exist_ok=True)

    def empty_landing(self) -> None:
        """Take away all that lies in the landing folder."""
        shutil.rmtree(self.root / "landing", ignore_errors=True)
        (self.root / "landing").mkdir()

    def save(self, image: Path) -> None:
        """Keep warehouse, plan, receipts and landing folder as they are now, in a folder to be
        made."""
        image.mkdir(parents=True)
        shutil.rmtree(self.root / "published", ignore_errors=True)
        for path in self._products():
            kept = image / path.relative_to(self.root)
            kept.parent.mkdir(exist_ok=True)
            shutil.move(path, kept)
        self.restore(image)

    def restore(self, image: Path) -> None:
        """Put back what was kept, in place of what there is now."""
        for path in self._products():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(image, self.root, dirs_exist_ok=True)

    def _products(self) -> list[Path]:
        others = ("receipts", "published", "landing", "target/plan.json")
        return [
            *self.root.glob("warehouse.duckdb*"),
            *filter(Path.exists, (self.root / name for name in others)),
        ]

    def run(self, *skip: str, now: str | None = None, **options: Any) -> dict[str, Any]:
        """`hub run`; returns the receipt."""
        clock = parse_clock(now) if now else None
        return runs.run(self.project, skip=skip, clock=clock, **options).receipt

    def land(self, *sources: str) -> Landing:
        """`hub land`."""
        return landing.land_files(self.project, sources)

    def dbt(self, *arguments: str) -> Any:
        """A plain dbt command in the project's folder; returns dbt's result."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        try:
            return dbtRunner().invoke([*arguments, "--quiet", "--log-level-file", "none"])
        finally:
            DuckDBConnectionManager.close_all_connections()

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """All rows of a query on the warehouse; also runs statements that change it."""
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def outcomes(self, source: str | None = None) -> list[str]:
        """The outcome of every landed row in the order of arrival."""
        return [
            outcome
            for (outcome,) in self.sql(
                "select outcome from ops.record_outcomes "
                "where source = coalesce(?, source) order by record_id",
                source,
            )
        ]

    def set_vars(self, **changes: Any) -> None:
        """Change `vars` in dbt_project.yml."""
        import yaml

        path = self.root / "dbt_project.yml"
        settings = yaml.safe_load(path.read_text())
        settings["vars"].update(changes)
        path.write_text(yaml.safe_dump(settings, sort_keys=False))

    def set_meta(self, source: str, **settings: Any) -> None:
        """Change the loader settings of a source in its YAML."""
        import yaml

        path = self.root / "models" / "staging" / source / f"{source}.yml"
        content = yaml.safe_load(path.read_text())
        content["sources"][0]["tables"][0]["config"]["meta"].update(settings)
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text in one of the project's files."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} does not contain {old!r}"
        path.write_text(text.replace(old, new))


def copy_project(root: Path) -> None:
    """A copy of the shipped project and its samples, with nothing in its landing folder; dbt then
    parses only what the test changes."""
    copy_shipped(root)
    add_parsed_project(root)
    (root / "landing").mkdir()


def enter(root: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """Work in the project at `root`, as somebody in a shell there would."""
    monkeypatch.chdir(root)
    for name in ("HUB_DATABASE", "HUB_LANDING", "HUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(root))
    return Workbench(root)


@contextmanager
def fresh_samples(shared_root: Path, *, built: bool = True) -> Iterator[Workbench]:
    """The shared project with the shipped samples in its landing folder, and a warehouse without
    records; see add_first_build.

    built: False for no warehouse at all, as on the first day.
    """
    with pytest.MonkeyPatch.context() as patch:
        _empty(shared_root)
        if built:
            add_first_build(shared_root)
        bench = enter(shared_root, patch)
        bench.empty_landing()
        bench.drop_samples()
        yield bench
        _empty(shared_root)


def _empty(root: Path) -> None:
    for path in root.glob("warehouse.duckdb*"):
        path.unlink()
    for name in ("receipts", "published"):
        shutil.rmtree(root / name, ignore_errors=True)
    # so that no test finds the plan of the one before it, whichever that is
    (root / "target" / "plan.json").unlink(missing_ok=True)


@contextmanager
def held(database: Path, *, read_only: bool = False) -> Iterator[int]:
    """Another process has the warehouse open; gives its number."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, database, *(["read only"] if read_only else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
