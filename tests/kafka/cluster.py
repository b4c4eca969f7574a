"""What a mock cluster and a real broker have in common: messages go in and can be read back."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

DEADLINE = 30.0  # seconds for what takes a fraction of one, whatever the machine is busy with
# clients try again at once when a cluster that was down is back, and do not write to the terminal
CLIENT: dict[str, Any] = {
    "reconnect.backoff.max.ms": 200,
    "log_level": 0,
    "message.max.bytes": 20_000_000,
}


@dataclass(frozen=True)
class Message:
    """A message as it is sent, or as it is read back.

    value:     None is a tombstone, which is not the same as b"".
    timestamp: milliseconds since 1970, None when sent means now.
    """

    value: bytes | None
    key: bytes | None = None
    timestamp: int | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int = 0
    offset: int = -1


Content = Message | bytes | None


class Cluster:
    """A running cluster that clients reach at `bootstrap_servers`."""

    bootstrap_servers: str

    def producer(self, **settings: Any) -> Producer:
        """A producer of one's own; a dot in the name of a setting is written as an underscore."""
        return Producer(self._settings(settings))

    def consumer(self, **settings: Any) -> Consumer:
        """A consumer of one's own, which commits no offsets unless told to."""
        defaults = {"group_id": "test", "enable_auto_commit": False}
        return Consumer(self._settings(defaults | settings))

    def produce(
        self,
        topic: str,
        contents: Iterable[Content],
        *,
        partition: int = 0,
        key: bytes | None = None,
        timestamp: int | None = None,
        transactional_id: str | None = None,
        commit: bool = True,
    ) -> list[Message]:
        """Send messages, and return them with the offsets they got when all have arrived.

        contents:         values, or messages, which then say all that is theirs themselves.
        transactional_id: send them in a transaction under this name.
        commit:           end that transaction so, or else abort it.
        """
        messages = [
            content
            if isinstance(content, Message)
            else Message(content, key, timestamp, partition=partition)
            for content in contents
        ]
        settings = {"transactional_id": transactional_id} if transactional_id else {}
        producer = self.producer(linger_ms=5, **settings)
        if transactional_id:
            producer.init_transactions(DEADLINE)
            producer.begin_transaction()
        sent = _send(producer, topic, messages)
        if transactional_id and commit:
            producer.commit_transaction(DEADLINE)
        elif transactional_id:
            producer.abort_transaction(DEADLINE)
        return sent

    def read(self, topic: str, isolation: str = "read_committed") -> list[Message]:
        """All messages that a topic holds now, partition by partition."""
        consumer = self.consumer(
            group_id="test-read",
            enable_partition_eof=True,
            isolation_level=isolation,
            auto_offset_reset="earliest",
        )
        try:
            partitions = self.partitions(topic)
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
            return _read_to_the_end(consumer, topic, len(partitions))
        finally:
            consumer.close()

    def partitions(self, topic: str) -> list[int]:
        """The numbers of a topic's partitions."""
        # not a producer, whose asking would make the topic
        consumer = self.consumer()
        try:
            metadata = consumer.list_topics(topic, timeout=DEADLINE).topics[topic]
        finally:
            consumer.close()
        if metadata.error:
            raise KafkaException(metadata.error)
        return sorted(metadata.partitions)

    def offsets(self, topic: str, partition: int = 0) -> tuple[int, int]:
        """The offset of the first message of a partition, and that of the next to come."""
        consumer = self.consumer()
        try:
            low, high = consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=DEADLINE
            )
            return low, high
        finally:
            consumer.close()

    def _settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        return {"bootstrap.servers": self.bootstrap_servers} | CLIENT | named


def _send(producer: Producer, topic: str, messages: list[Message]) -> list[Message]:
    sent: list[Message | None] = [None] * len(messages)
    errors: list[KafkaError] = []

    def settle(number: int, error: KafkaError | None, report: Any) -> None:
        if error:
            errors.append(error)
        else:
            sent[number] = replace(
                messages[number], partition=report.partition(), offset=report.offset()
            )

    for number, message in enumerate(messages):
        while True:
            try:
                producer.produce(
                    topic,
                    message.value,
                    message.key,
                    message.partition,
                    on_delivery=partial(settle, number),
                    timestamp=message.timestamp or 0,
                    headers=list(message.headers),
                )
                break
            except BufferError:  # the client's queue is full
                producer.poll(0.1)
    left = producer.flush(DEADLINE)
    if errors:
        raise KafkaException(errors[0])
    if left:
        raise TimeoutError(f"{left} of {len(messages)} messages did not arrive in {topic}")
    return [message for message in sent if message is not None]


def _read_to_the_end(consumer: Consumer, topic: str, partitions: int) -> list[Message]:
    found: list[Message] = []
    ended: set[int | None] = set()
    start = time.monotonic()
    while len(ended) < partitions:
        if time.monotonic() - start > DEADLINE:
            raise TimeoutError(f"{topic} was not read to its end, but {len(found)} messages")
        for message in consumer.consume(1000, timeout=0.2):
            error = message.error()
            if error is None:
                found.append(_as_read(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition())
            else:
                raise KafkaException(error)
    return sorted(found, key=lambda message: (message.partition, message.offset))


def _as_read(message: Any) -> Message:
    _, timestamp = message.timestamp()
    return Message(
        message.value(),
        message.key(),
        timestamp,
        tuple(message.headers() or ()),
        message.partition(),
        message.offset(),
    )
