"""Fixtures: a mock cluster for everyday tests, a real broker for those that ask for it."""

import os
from collections.abc import Iterator

import pytest

from tests.kafka import ARTIFACTS
from tests.kafka.broker import Broker
from tests.kafka.mock_cluster import MockCluster
from tests.support.workbench import Workbench

TOPIC = "clicks"  # as the source `web` has it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("HUB_TEST_KAFKA") == "1":
        return
    skipped = pytest.mark.skip(reason="starts a Kafka broker: `make test-kafka` runs it")
    for item in items:
        if item.get_closest_marker("kafka"):
            item.add_marker(skipped)


@pytest.fixture
def mock() -> Iterator[MockCluster]:
    """A mock cluster of its own for each test."""
    with MockCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    reason = ARTIFACTS.why_not()
    if reason:
        pytest.skip(reason)
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    """A running broker, which all tests share: each takes topics of its own."""
    shared_broker.ensure_running()
    return shared_broker


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    """The name of a topic that no other test uses."""
    return str(request.node.name)


@pytest.fixture
def streamed(
    bench: Workbench, mock: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workbench]:
    """A workbench whose source `web` reads the mock cluster's topic of four partitions."""
    mock.create_topic(TOPIC, 4)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", mock.bootstrap_servers)
    return bench
