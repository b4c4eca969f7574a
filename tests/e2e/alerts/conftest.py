"""Fixtures: a webhook, and a topic."""

from collections.abc import Iterator

import pytest

from hub.alerts import delivery
from tests.kafka.mock_cluster import MockCluster
from tests.support.receiver import Receiver, receiver


@pytest.fixture(autouse=True)
def no_delivery_left() -> Iterator[None]:
    """End what still tells the webhook of a test: the next one has the same warehouse."""
    yield
    for process in delivery._at_work:
        process.kill()
        process.wait()
    delivery._at_work.clear()


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as listening:
        monkeypatch.setenv("WEBHOOK_URL", listening.url)
        yield listening


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockCluster]:
    """A cluster with the topic of the source `web`."""
    with MockCluster() as started:
        started.create_topic("clicks", 1)
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", started.bootstrap_servers)
        yield started
