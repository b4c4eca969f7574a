"""A real Kafka broker, broker and controller in one process, on loopback and in a folder."""

import base64
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from tests.kafka import ARTIFACTS
from tests.kafka.cluster import CLIENT, DEADLINE, Cluster
from tests.support.processes import end_of, free_ports, watch

# Settings of a topic of which only the latest message of each key stays. What is older than the
# active segment is compacted within seconds of the next message, which begins a new segment.
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.01",
}
_START = 120.0  # seconds to start in; it takes about 3
_STOP = 30.0  # seconds to stop in
# it lives for minutes: less of the compiler, the garbage collector and the memory is enough
_JAVA = ("java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")


class Broker(Cluster):
    """A broker, for the time of a `with`: it ends there at the latest.

    What it holds is in `folder` and outlives it: start() after kill() or stop() has the same
    messages at the same address. Ask ARTIFACTS.why_not() first whether this machine can run it.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """folder: for its data and its log.    settings: what differs in its server.properties."""
        self.folder = folder
        self.log = folder / "broker.log"
        port, controller_port = free_ports(2)
        self.bootstrap_servers = f"127.0.0.1:{port}"
        usual = _properties(folder / "data", port, controller_port)
        self._properties = {**usual, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        # its folder is temporary, so it need not put its data in order
        self.kill()

    @property
    def pid(self) -> int:
        if not self._process:
            raise RuntimeError("the broker is not running")
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self._process:
            raise RuntimeError("the broker is running already")
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in self._properties.items()]
        self._file.write_text("".join(lines))
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._file)),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._watchdog = watch(self._process.pid)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise

    def ensure_running(self) -> None:
        """Start it if it was killed or stopped, or ended by itself."""
        if self._process and self._process.poll() is None:
            return
        self.kill()
        self.start()

    def stop(self) -> None:
        """Let it end in order, as an administrator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def create_topic(
        self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> None:
        """Create a topic. config: its settings, such as COMPACTED or {"retention.ms": "1000"}."""
        topic = NewTopic(name, partitions, 1, config=dict(config or {}))
        self._do(lambda admin: admin.create_topics([topic]))
        self._wait_for_partitions(name, partitions)

    def delete_topic(self, name: str) -> None:
        """Delete a topic; created again, it begins at offset 0."""
        self._do(lambda admin: admin.delete_topics([name]))

    def add_partitions(self, name: str, total: int) -> None:
        """Let a topic grow to this number of partitions."""
        self._do(lambda admin: admin.create_partitions([NewPartitions(name, total)]))
        self._wait_for_partitions(name, total)

    def delete_records(self, name: str, partition: int, before_offset: int) -> None:
        """Let a partition begin at this offset, as retention does."""
        place = TopicPartition(name, partition, before_offset)
        self._do(lambda admin: admin.delete_records([place]))

    def admin(self) -> AdminClient:
        """A client for all else that an administrator does."""
        return AdminClient({"bootstrap.servers": self.bootstrap_servers} | CLIENT)

    def _do(self, ask: Callable[[AdminClient], dict[Any, Any]]) -> None:
        admin = self.admin()
        for answer in ask(admin).values():
            answer.result(DEADLINE)

    def _wait_for_partitions(self, topic: str, count: int) -> None:
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            with suppress(KafkaException):
                if len(self.partitions(topic)) == count:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"{topic} has no {count} partitions after {DEADLINE:.0f} s")

    @property
    def _file(self) -> Path:
        return self.folder / "server.properties"

    def _java(self, *words: str) -> list[str]:
        return [*_JAVA, "-cp", ARTIFACTS.class_path(), *words]

    def _format(self) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            self._java(
                *("kafka.tools.StorageTool", "format"),
                # one word, as an id that begins with a dash would be taken for an option
                *(f"--cluster-id={cluster_id}", "--config", str(self._file)),
            ),
            capture_output=True,
            text=True,
            timeout=_START,
        )
        if done.returncode:
            raise RuntimeError(f"the broker's folder cannot be formatted: {end_of(done.stderr)}")

    def _wait_until_it_answers(self) -> None:
        assert self._process
        admin = self.admin()
        end = time.monotonic() + _START
        while time.monotonic() < end:
            code = self._process.poll()
            if code is not None:
                raise RuntimeError(f"the broker ended with {code}:\n{self._end_of_log()}")
            with suppress(KafkaException):
                if admin.list_topics(timeout=0.5).brokers:
                    return
        raise TimeoutError(f"the broker is silent after {_START:.0f} s:\n{self._end_of_log()}")

    def _end_of_log(self) -> str:
        return end_of(self.log.read_text(errors="replace"))

    def _end(self, number: int) -> None:
        if not self._process:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP)
        self._process = None
        if self._watchdog:
            self._watchdog.communicate(b"ended\n", timeout=_STOP)


def _properties(data: Path, port: int, controller_port: int) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        # there is one broker only
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # its own topics are quickly made
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.num.partitions": "1",
        # nothing is waited for that tests would have to wait for
        "group.initial.rebalance.delay.ms": "0",
        "log.cleaner.backoff.ms": "200",
        "log.cleaner.dedupe.buffer.size": "4194304",
        "log.initial.task.delay.ms": "500",
        "log.retention.check.interval.ms": "500",
        # a killed broker may register again when its former self is given up
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
        # where a partition begins is known after a crash, too
        "log.flush.start.offset.checkpoint.interval.ms": "100",
        # messages whose timestamps tests set to years ago stay
        "log.retention.ms": "-1",
    }
