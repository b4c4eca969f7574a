"""A project whose rules a test may write, on a warehouse without any build."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from loader.config.project import Project, open_project
from loader.warehouse.connection import open_warehouse
from tests.support.shipped import copy_shipped


@pytest.fixture(scope="session")
def shipped_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("alerts") / "hub"
    root.mkdir()
    copy_shipped(root)
    (root / "landing").mkdir()
    with open_warehouse(open_project(folder=str(root))):
        pass  # makes the tables
    return root


@pytest.fixture
def project(shipped_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The shipped project in a folder of its own, with an empty warehouse."""
    for name in ("HUB_DATABASE", "HUB_LANDING", "HUB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "hub"
    shutil.copytree(shipped_files, root)
    return open_project(folder=str(root))


@pytest.fixture
def write_rules(project: Project) -> Callable[..., None]:
    """Write alerts.yml: each rule as name=settings."""

    def write(**rules: object) -> None:
        (project.root / "alerts.yml").write_text(yaml.safe_dump({"rules": rules}))

    return write
