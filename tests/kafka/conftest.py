"""Fixtures of the tests that need a cluster."""

from collections.abc import Iterator

import pytest

from .mock_cluster import MockCluster


@pytest.fixture
def mock() -> Iterator[MockCluster]:
    """A mock cluster of its own for each test."""
    with MockCluster() as cluster:
        yield cluster
