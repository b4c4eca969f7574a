"""A project that has run its samples, published, and served."""

import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hub.serve.access import Role
from tests.serve.serving import application, client_of
from tests.support.workbench import Workbench, enter


@pytest.fixture
def client(served: Workbench) -> TestClient:
    """A reader of it."""
    return client_of(application(served))


@pytest.fixture
def operator(served: Workbench) -> TestClient:
    """An operator on it."""
    return client_of(application(served), Role.OPERATOR)


@pytest.fixture
def own_served(image_of_served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A copy of it, for tests that change something."""
    root = tmp_path / "hub"
    shutil.copytree(image_of_served, root, symlinks=True)
    return enter(root, monkeypatch)
