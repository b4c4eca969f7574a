"""Sends click events at a rate, for demonstrations and measurements.

    python -m tests.kafka.clickstream --bootstrap 127.0.0.1:9092 --topic clicks --rate 500

The timestamp of a message is the moment at which it was sent: what is between that and its row's
`ingested_at` is the time it took. Ends with what was sent, as JSON; so it does when interrupted.
"""

import argparse
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException, Producer

from tests.kafka.clicks import Click, Rates, clicks

_TICK = 0.01  # seconds between looks at the clock
_FLUSH = 30.0  # seconds for what was sent last to arrive


@dataclass(frozen=True)
class Sent:
    """What a stream was: messages by kind, how many did not arrive, how long it took."""

    messages: int
    kinds: dict[str, int]
    failed: int
    seconds: float


class Stop:
    """Asks a stream to end before its time."""

    def __init__(self) -> None:
        self.is_asked = False

    def ask(self, *_: object) -> None:
        self.is_asked = True


def send(
    producer: Producer,
    topic: str,
    stream: Iterable[Click],
    per_second: float,
    seconds: float,
    stop: Stop | None = None,
) -> Sent:
    """Send a stream at a rate. What could not be sent in time is sent as soon as it can be."""
    stop = stop or Stop()
    following = iter(stream)
    kinds: Counter[str] = Counter()
    failed = 0

    def settle(error: object, _: object) -> None:
        nonlocal failed
        failed += error is not None

    start = time.monotonic()
    for count in _turns(start, per_second, seconds, stop):
        for _ in range(count):
            click = next(following)
            _send_one(producer, topic, click, settle)
            kinds[click.kind] += 1
        producer.poll(0)
    failed += producer.flush(_FLUSH)
    took = round(time.monotonic() - start, 3)
    return Sent(sum(kinds.values()), dict(kinds), failed, took)


def _turns(start: float, per_second: float, seconds: float, stop: Stop) -> Iterator[int]:
    """How many are due, again and again until all have been."""
    sent, total = 0, round(per_second * seconds)
    while sent < total and not stop.is_asked:
        due = min(total, int((time.monotonic() - start) * per_second) + 1)
        yield due - sent
        sent = due
        time.sleep(_TICK)


def _send_one(producer: Producer, topic: str, click: Click, settle: Any) -> None:
    while True:
        try:
            producer.produce(
                topic,
                click.value,
                click.key,
                on_delivery=settle,
                timestamp=time.time_ns() // 1_000_000,
            )
            return
        except BufferError:  # the client's queue is full, because the cluster is slow or away
            producer.poll(0.1)


def main() -> int:
    options = _options()
    producer = Producer({"bootstrap.servers": options.bootstrap, "linger.ms": 5, "log_level": 3})
    try:
        producer.list_topics(timeout=5)
    except KafkaException as error:
        print(f"nothing answers at {options.bootstrap}: {error}", file=sys.stderr)
        return 1
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.ask)
    rates = Rates(options.duplicate, options.late, options.broken)
    stream = clicks(options.seed, datetime.now(UTC), options.rate, rates)
    sent = send(producer, options.topic, stream, options.rate, options.seconds, stop)
    print(json.dumps(asdict(sent)))
    return 1 if sent.failed else 0


def _options() -> argparse.Namespace:
    usual = Rates()
    parser = argparse.ArgumentParser(
        prog="python -m tests.kafka.clickstream",
        description="Send click events in the shape of the source `web`.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--bootstrap", default="127.0.0.1:9092", help="the cluster's address")
    parser.add_argument("--topic", default="clicks", help="where to send them")
    parser.add_argument("--rate", type=float, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=60, help="how long to send")
    parser.add_argument("--seed", type=int, default=1, help="which clicks, of all that there are")
    parser.add_argument("--duplicate", type=float, default=usual.duplicate, help="their share")
    parser.add_argument("--late", type=float, default=usual.late, help="their share")
    parser.add_argument("--broken", type=float, default=usual.broken, help="their share")
    options = parser.parse_args()
    if options.rate <= 0:
        parser.error("--rate is a number of events above 0")
    return options


if __name__ == "__main__":
    sys.exit(main())
