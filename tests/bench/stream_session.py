"""One session of the stream's benchmark: its options, and streams with what is sent to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.workbench import Workbench
from tests.kafka.clicks import clicks
from tests.kafka.clickstream import Sent, send
from tests.kafka.cluster import Cluster
from tests.kafka.mock_cluster import MockCluster
from tests.kafka.streaming import StreamProcess

TOPIC = "clicks"

_SEED = 1
_PARTITIONS = 4
# the mock cluster keeps about twice as many of a partition; users are not spread evenly
_CLICKS_OF_A_PARTITION = 10_000


@dataclass(frozen=True)
class Options:
    """How a session is made.

    rate, seconds: how many events a second are sent, and for how long.
    backlog:       how many events wait before a stream begins.
    flood:         how many events are sent to the slow consumer.
    batches:       how many batches the long past of a stream has had.
    span:          for how many seconds events are sent onto a past, each time.
    repeat:        how often each side of a ratio is measured.
    """

    rate: float
    seconds: float
    backlog: int
    flood: int
    batches: int
    span: float
    repeat: int


@dataclass(frozen=True)
class StreamSession:
    """What all parts work with: the options, and a copy of the project.

    blank: a warehouse that was built and holds no record.
    """

    options: Options
    bench: Workbench
    blank: Path

    def begin(self) -> None:
        """Go back to a warehouse without records."""
        self.bench.restore(self.blank)

    @contextmanager
    def cluster(self, holding: int = 0) -> Iterator[MockCluster]:
        """A mock cluster with the empty topic, which has room for so many clicks at once."""
        with MockCluster() as cluster:
            cluster.create_topic(TOPIC, max(_PARTITIONS, 1 + holding // _CLICKS_OF_A_PARTITION))
            yield cluster

    @contextmanager
    def stream(self, cluster: Cluster) -> Iterator[StreamProcess]:
        """A `hub stream` that has made its first run, which takes longest; asked to stop at the
        end. Raises RuntimeError where it does not end well."""
        with StreamProcess(
            self.bench.root,
            cluster.bootstrap_servers,
            "web",
            environment=self.bench.environment,
        ) as stream:
            stream.wait_for_start()
            yield stream
            if code := stream.end():
                raise RuntimeError(f"the stream ended with {code}:\n{stream.log}")


def send_clicks(cluster: Cluster, rate: float, seconds: float, seed: int = _SEED) -> Sent:
    """Send clicks at a rate; raises RuntimeError where one did not arrive."""
    stream = clicks(seed, datetime.now(UTC), rate)
    sent = send(cluster.producer(linger_ms=5), TOPIC, stream, rate, seconds)
    if sent.failed:
        raise RuntimeError(f"{sent.failed:,} of {sent.messages:,} messages did not arrive")
    return sent
