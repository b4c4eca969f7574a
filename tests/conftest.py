"""Fixtures: a project in a temporary folder, shared where its files stay as they are."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.workbench import Workbench, copy_project, enter, fresh_samples

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shared") / "hub"
    root.mkdir()
    copy_project(root)
    return root


@pytest.fixture
def samples(shared_root: Path) -> Iterator[Workbench]:
    """A workbench with an empty warehouse and the shipped samples in its landing folder.

    Its project files are shared by all tests: a test that changes them takes own_project.
    """
    with fresh_samples(shared_root) as bench:
        yield bench


@pytest.fixture
def bench(samples: Workbench) -> Workbench:
    """A workbench with an empty warehouse and an empty landing folder."""
    samples.empty_landing()
    return samples


@pytest.fixture
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A workbench with a copy of the project that the test may change, landing folder empty."""
    root = tmp_path / "hub"
    root.mkdir()
    copy_project(root)
    return enter(root, monkeypatch)
