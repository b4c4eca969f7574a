"""Fixtures: a project in a temporary folder, shared where its files stay as they are."""

import atexit
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from hub.cli import output
from hub.main import main
from tests.support.command_line import Answer, Command
from tests.support.first_build import add_first_build, add_plan
from tests.support.schemas import breaches
from tests.support.workbench import Workbench, copy_project, enter, fresh_samples

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# what a test does is nobody's alert, lineage or trace
for name in [*os.environ]:
    if name.startswith(("OPENLINEAGE_", "OTEL_")) or name == "WEBHOOK_URL":
        del os.environ[name]
_sessions: list[pytest.Session] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long tests start first, so that none of them is left over for the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    _sessions.append(session)


@atexit.register
def _end_at_once() -> None:
    """End the process without taking apart what dbt and DuckDB have left in memory, as `hub` does:
    it takes seconds, and DuckDB's binding would print a page about each object still in use."""
    if _sessions:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_sessions[-1].exitstatus)


@pytest.fixture(scope="session")
def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shared") / "hub"
    root.mkdir()
    copy_project(root)
    return root


@pytest.fixture
def samples(shared_root: Path) -> Iterator[Workbench]:
    """A workbench whose warehouse has no records, with the shipped samples in its landing folder.

    Its project files are shared by all tests: a test that changes them takes own_project.
    """
    with fresh_samples(shared_root) as bench:
        yield bench


@pytest.fixture
def unbuilt_samples(shared_root: Path) -> Iterator[Workbench]:
    """The same, but for the warehouse: there is none yet."""
    with fresh_samples(shared_root, built=False) as bench:
        yield bench


@pytest.fixture(scope="session")
def image_of_samples(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first run of the samples leaves behind, for `Workbench.restore`, and the plan."""
    image = tmp_path_factory.mktemp("images") / "samples"
    with fresh_samples(shared_root, built=False) as bench:
        bench.run()
        bench.save(image)
    add_plan(image)
    return image


@pytest.fixture
def after_run(samples: Workbench, image_of_samples: Path) -> Workbench:
    """A workbench on which a run has taken up the shipped samples."""
    samples.restore(image_of_samples)
    return samples


@pytest.fixture
def bench(samples: Workbench) -> Workbench:
    """A workbench whose warehouse has no records, with an empty landing folder."""
    samples.empty_landing()
    return samples


@pytest.fixture
def unbuilt(unbuilt_samples: Workbench) -> Workbench:
    """A workbench without a warehouse, with an empty landing folder."""
    unbuilt_samples.empty_landing()
    return unbuilt_samples


@pytest.fixture
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A workbench with a copy of the project that the test may change, landing folder empty."""
    root = tmp_path / "hub"
    root.mkdir()
    copy_project(root)
    return enter(root, monkeypatch)


@pytest.fixture
def own_built(own_project: Workbench) -> Workbench:
    """The same, with a warehouse that has no records, for tests that build before they change the
    project."""
    add_first_build(own_project.root)
    return own_project


@pytest.fixture(scope="session")
def image_of_served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose samples were run, for tests that read."""
    root = tmp_path_factory.mktemp("served") / "hub"
    root.mkdir()
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.drop_samples()
        bench.run()
    return root


@pytest.fixture
def served(image_of_served: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """The project whose samples were run; tests leave it as it is."""
    return enter(image_of_served, monkeypatch)


@pytest.fixture
def own_served(image_of_served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A copy of it, for tests that change something."""
    root = tmp_path / "hub"
    shutil.copytree(image_of_served, root, symlinks=True)
    return enter(root, monkeypatch)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `hub` in this process, as a terminal would."""

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["hub", *arguments])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        return Answer(int(code or 0), *capsys.readouterr())

    return call


@pytest.fixture(autouse=True)
def json_is_as_its_schema_says(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compare what commands print as JSON in this process with their schemas."""
    found: list[str] = []
    usual = output.json_of

    def checked(data: Any) -> str:
        text = usual(data)
        command = click.get_current_context().command_path.partition(" ")[2]
        found.extend(breaches(command, json.loads(text)))
        return text

    monkeypatch.setattr(output, "json_of", checked)
    yield
    assert found == []


@pytest.fixture(autouse=True)
def usual_logging() -> Iterator[None]:
    """Undo what a command that ran in this process has made of logging."""
    yield
    for package in ("hub", "loader"):
        logger = logging.getLogger(package)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
