"""Reads one source's topic in a thread of its own, up to a bound, while builds run."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from loader.config.kafka import KafkaSettings
from loader.config.sources import Source
from loader.errors import HubError
from loader.stream.messages import Message

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 500
_WAIT_SECONDS = 0.1
_REQUEST_SECONDS = 5.0
# How often the broker is asked for new partitions and for the ends of those known.
_LOOK_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 1.0
# Where the buffer is full, reading goes on when it is down to this share.
_RESUME_SHARE = 0.5
_LONGEST_BACKOFF_MS = 10_000
_OF_A_PARTITION = (KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET)

Tell = Callable[[str, str, str], None]


class TopicConsumer:
    """The messages of one topic that were read and have not landed.

    failure:    what ended the reading, None while it goes on.
    away_since: the moment (monotonic) since which the broker does not answer, None while it does.

    Their offsets come from the warehouse, never from the broker, so that a record and the fact
    that it was read are one. All calls of the client are made in the consumer's own thread.
    """

    def __init__(
        self,
        source: Source,
        settings: KafkaSettings,
        offsets: dict[int, int],
        arrived: threading.Condition,
        tell: Tell,
    ) -> None:
        """offsets: the next one of each partition, as stored. arrived: notified of all news.
        tell: takes (source, event, detail) of what happens to the stream."""
        self.source = source
        self.settings = settings
        self.failure: BaseException | None = None
        self.away_since: float | None = None
        self._where = f"source '{source.name}': kafka"
        self._connection = self.settings.connection(self._where)
        self._stored = dict(offsets)
        self._arrived = arrived
        self._tell = tell
        self._waiting: deque[tuple[float, Message]] = deque()
        self._waiting_bytes = 0
        self._next: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._at_end: set[int] = set()
        self._landed: dict[int, int] = {}
        self._is_paused = False
        self._is_held = False
        self._looked_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run,
            args=(self._work,),
            name=f"consumer-{source.name}",
            daemon=True,
        )

    # ---- for the thread that lands

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End reading, and wait until the client is closed."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_REQUEST_SECONDS)

    def is_due(self, now: float) -> bool:
        """Whether what waits makes a batch: enough records, or old enough."""
        if not self._waiting:
            return False
        return (
            len(self._waiting) >= self.settings.batch_records
            or now - self._waiting[0][0] >= self.settings.batch_seconds
        )

    def due_in(self, now: float) -> float | None:
        """Seconds until what waits is old enough; None where nothing waits."""
        with self._arrived:
            if not self._waiting:
                return None
            return max(0.0, self.settings.batch_seconds - (now - self._waiting[0][0]))

    def peek(self) -> list[Message]:
        """All that waits, in the order of reading. It stays until `landed` is called."""
        with self._arrived:
            return [message for _, message in self._waiting]

    def landed(self, count: int) -> None:
        """Forget the first `count` messages: they are in the warehouse."""
        with self._arrived:
            for _ in range(count):
                _, message = self._waiting.popleft()
                self._waiting_bytes -= message.size
                self._landed[message.partition] = message.offset + 1

    def hold(self, is_held: bool) -> None:
        """Pause all partitions, or let them go on: the warehouse is out of reach."""
        self._is_held = is_held

    def is_drained(self) -> bool:
        """Whether every partition was read to its end and nothing waits."""
        with self._arrived:
            return bool(self._next) and not self._waiting and self._at_end.issuperset(self._next)

    def ends(self) -> dict[int, int]:
        """Where each partition's log ended when last heard of."""
        with self._arrived:
            return dict(self._ends)

    def reached(self) -> dict[int, int] | None:
        """The next offset of each partition; None while messages before it wait."""
        with self._arrived:
            return None if self._waiting else dict(self._next)

    def lag(self) -> int:
        """How many messages the topic holds that were not read, roughly."""
        with self._arrived:
            return sum(
                max(0, self._ends.get(partition, offset) - offset)
                for partition, offset in self._next.items()
            ) + len(self._waiting)

    # ---- in the thread that reads

    def _work(self) -> None:
        try:
            consumer = Consumer(
                {
                    **self._connection,
                    "group.id": self.settings.group,
                    "client.id": "hub",
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    # a lost offset must be heard of, not skipped over
                    "auto.offset.reset": "error",
                    "enable.partition.eof": True,
                    "isolation.level": "read_committed",
                    "queued.max.messages.kbytes": max(1024, self.settings.buffer_bytes >> 12),
                    "reconnect.backoff.max.ms": _LONGEST_BACKOFF_MS,
                    # a broker that has something answers at once; some wait all the same
                    "fetch.wait.max.ms": 100,
                    "error_cb": lambda error: self._note_absence(error.str()),
                    # what matters of its log comes through error_cb
                    "log_level": 2,
                }
            )
        except KafkaException as error:
            self._fail(
                HubError(self._where, str(error.args[0].str()), "Correct the source's YAML.")
            )
            return
        try:
            while not self._stopping.is_set():
                try:
                    self._look_for_partitions(consumer)
                    for message in consumer.consume(_MOST_AT_ONCE, _WAIT_SECONDS):
                        self._take(consumer, message)
                    self._balance(consumer)
                    self._tell_broker(consumer)
                except KafkaException as error:
                    # the client goes on trying by itself
                    self._note_absence(error.args[0].str())
        except BaseException as error:
            self._fail(error)
        finally:
            consumer.close()

    def _fail(self, error: BaseException) -> None:
        with self._arrived:
            self.failure = error
            self._arrived.notify_all()

    def _note_absence(self, message: str) -> None:
        """Remember that the broker does not answer, and ask it again soon."""
        if self.away_since is None:
            self.away_since = time.monotonic()
            self._tell(self.source.name, "broker away", message)
        self._looked_at = time.monotonic() - _LOOK_SECONDS + _ASK_AGAIN_SECONDS

    def _is_back(self) -> None:
        if self.away_since is not None:
            self.away_since = None
            self._tell(self.source.name, "broker back", "")

    def _look_for_partitions(self, consumer: Consumer) -> None:
        """Take up the topic's partitions, also those added since."""
        now = time.monotonic()
        if self._looked_at and now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        topic = self.settings.topic
        found = consumer.list_topics(topic, timeout=_REQUEST_SECONDS).topics[topic]
        if found.error is not None:
            if self._next:  # it was there: a broker that has just begun knows nothing yet
                self._note_absence(found.error.str())
                return
            raise HubError(
                self._where,
                f"there is no topic '{topic}' ({found.error.str()})",
                "Create it, or correct the name.",
            )
        new = sorted(set(found.partitions) - set(self._next))
        added = [partition for partition in new if self._next and partition not in self._stored]
        begun = {partition: self._first_offset(consumer, partition) for partition in new}
        with self._arrived:
            self._next |= begun
        if new:
            consumer.assign([TopicPartition(topic, *item) for item in self._next.items()])
            self._is_paused = False
            log.info("%s: reading %s partitions of %s", self.source.name, len(self._next), topic)
        if added:
            self._tell(self.source.name, "partitions added", ", ".join(map(str, added)))
        for partition in self._next:
            self._note_end(consumer, partition)
        self._is_back()

    def _first_offset(self, consumer: Consumer, partition: int) -> int:
        """Where to begin in a partition: as stored, unless that is not in the log. Raises
        HubError for lost offsets, where the source does not allow to go on."""
        place = TopicPartition(self.settings.topic, partition)
        first, end = consumer.get_watermark_offsets(place, timeout=_REQUEST_SECONDS)
        wanted = self._stored.get(partition)
        if wanted is None:
            # a partition that was added is read whole, whatever the start
            is_new_topic = not self._next and not self._stored
            return int(end if self.settings.start == "latest" and is_new_topic else first)
        if first <= wanted <= end:
            return wanted
        lost = (
            f"offset {wanted} of partition {partition} is not in the log, which holds {first} to "
            f"{end}"
        )
        self._tell(self.source.name, "offsets lost", lost)
        if self.settings.lost_offsets == "error":
            raise HubError(
                self._where,
                f"topic '{self.settings.topic}': {lost}, so records may be gone that were never "
                "read",
                "Set `lost_offsets: earliest` to go on with what is there.",
            )
        return int(first)

    def _take(self, consumer: Consumer, message: Any) -> None:
        error = message.error()
        partition, offset = message.partition(), message.offset()
        if error is not None and error.code() not in _OF_A_PARTITION:
            self._note_absence(error.str())
        elif partition not in self._next:
            pass  # read before its offset was lost: it is read again
        elif error is None:
            timestamp = message.timestamp()[1]
            taken = Message(
                partition,
                offset,
                message.value(),
                message.key(),
                timestamp if timestamp >= 0 else None,
                message.headers() or [],
            )
            with self._arrived:
                self._waiting.append((time.monotonic(), taken))
                self._waiting_bytes += taken.size
                self._next[partition] = offset + 1
                self._at_end.discard(partition)
                self._arrived.notify_all()
            self._is_back()
        elif error.code() == KafkaError._PARTITION_EOF:
            with self._arrived:
                # transactions leave marks in the log that are no records
                self._next[partition] = max(self._next[partition], offset)
                self._at_end.add(partition)
                self._arrived.notify_all()
            self._note_end(consumer, partition)
        else:
            # its offset is not in the log any more: taken up anew, like a partition just found
            with self._arrived:
                self._stored[partition] = self._next.pop(partition)
            self._looked_at = 0.0

    def _note_end(self, consumer: Consumer, partition: int) -> None:
        place = TopicPartition(self.settings.topic, partition)
        known = consumer.get_watermark_offsets(place, cached=True)
        if known and known[1] >= 0:
            with self._arrived:
                self._ends[partition] = known[1]

    def _balance(self, consumer: Consumer) -> None:
        """Pause where the buffer is full or the warehouse out of reach, go on where it is not."""
        share = max(
            len(self._waiting) / self.settings.buffer_records,
            self._waiting_bytes / self.settings.buffer_bytes,
        )
        wanted = self._is_held or share >= (_RESUME_SHARE if self._is_paused else 1.0)
        if wanted == self._is_paused:
            return
        self._is_paused = wanted
        places = [TopicPartition(self.settings.topic, partition) for partition in self._next]
        (consumer.pause if wanted else consumer.resume)(places)
        log.info("%s: %s", self.source.name, "paused" if wanted else "resumed")

    def _tell_broker(self, consumer: Consumer) -> None:
        """Commit what has landed, for tools that show the lag; the hub itself never reads it."""
        with self._arrived:
            landed, self._landed = self._landed, {}
        if landed:
            consumer.commit(
                offsets=[TopicPartition(self.settings.topic, *item) for item in landed.items()],
                asynchronous=True,
            )
