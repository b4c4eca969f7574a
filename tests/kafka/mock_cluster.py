"""A mock Kafka cluster in a process of its own: `python -m tests.kafka.mock_cluster`.

The process prints the addresses of its brokers on a line, then carries out what stands on each
line of its standard input, and ends where that ends: so it never outlives who started it.
"""

import json
import subprocess
import sys
from typing import Any, Self

from confluent_kafka import KafkaException

from tests.kafka import PROJECT
from tests.kafka.cluster import Cluster
from tests.kafka.librdkafka import Mock, Request

_PATIENCE = 10.0  # seconds for the process to end


class MockCluster(Cluster):
    """A mock cluster on loopback, for the time of a `with`.

    Topics are made where they are first used, with four partitions, unless they were created
    before. Not for what only a broker knows: a partition drops its oldest messages when it holds
    more than 5 MiB, messages of aborted transactions are delivered like others, topics never grow,
    and times find no offsets. Killed, all that it held is gone, and its addresses with it: to
    see a cluster leave and return, use `go_down` and `come_up`.
    """

    def __init__(self, brokers: int = 1) -> None:
        self._brokers = brokers

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kafka.mock_cluster", str(self._brokers)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.bootstrap_servers = self._line()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash would. It does not come back."""
        self._process.kill()
        self._process.communicate(timeout=_PATIENCE)

    def create_topic(self, topic: str, partitions: int = 1) -> None:
        """Create a topic; one that exists is an error."""
        self._do("create_topic", topic, partitions)

    def delete_topic(self, topic: str) -> None:
        """Delete a topic; created again, it begins at offset 0."""
        self._do("delete_topic", topic)

    def delete_records(self, topic: str, partition: int, before_offset: int) -> None:
        """Let a partition begin at this offset, as retention does."""
        self._do("delete_records", topic, partition, before_offset)

    def go_down(self) -> None:
        """Cut off all clients; what the cluster holds stays."""
        self._do("go_down")

    def come_up(self) -> None:
        """Let clients connect again, at the same addresses."""
        self._do("come_up")

    def delay(self, seconds: float) -> None:
        """Answer each request so much later."""
        self._do("delay", round(seconds * 1000))

    def fail(self, request: Request, *errors: int) -> None:
        """Answer the next requests of a kind with these errors, such as `KafkaError._TRANSPORT`,
        which breaks the connection."""
        self._do("fail", request, errors)

    def stop_failing(self, request: Request) -> None:
        """Forget the errors that are still to be given."""
        self._do("stop_failing", request)

    def _do(self, *command: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        problem = self._line()
        if problem:
            raise RuntimeError(f"{command}: {problem}")

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the mock cluster ended with {self._process.wait(_PATIENCE)}")
        return line.strip()


def main() -> None:
    """Be the process: a line for each line, empty or the problem."""
    mock = Mock(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    print(mock.bootstrap_servers, flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        problem = ""
        try:
            getattr(mock, name)(*arguments)
        except KafkaException as error:
            problem = str(error)
        print(problem, flush=True)


if __name__ == "__main__":
    main()
