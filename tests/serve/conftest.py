"""Clients of a server on a project that has run its samples."""

import pytest
from fastapi.testclient import TestClient

from hub.serve.access import Role
from tests.serve.serving import application, client_of
from tests.support.workbench import Workbench


@pytest.fixture
def client(served: Workbench) -> TestClient:
    """A reader of it."""
    return client_of(application(served))


@pytest.fixture
def operator(served: Workbench) -> TestClient:
    """An operator on it."""
    return client_of(application(served), Role.OPERATOR)
