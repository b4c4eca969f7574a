"""Plays a clickstream to a `hub stream` and shows what becomes of it: `make demo-stream`.

All of it happens in a temporary copy of the project, against a mock cluster, so nobody's warehouse
or broker is touched. What it prints is the same each time but for times, runs and rates.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.demo.onlooker import Onlooker
from tests.kafka.clicks import Rates, clicks
from tests.kafka.clickstream import send
from tests.kafka.mock_cluster import MockCluster
from tests.kafka.streaming import StreamProcess
from tests.support.workbench import copy_project

_TOPIC = "clicks"
_USER = b"u-17"
_PARTITIONS = 2
_MORE = 10_000
_SEED = 1
# half a percent of them broken, so that the quality stays above 99 %
_RATES = Rates(duplicate=0.03, late=0.05, broken=0.005)
_START = datetime(2025, 1, 15, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    """A message, what is wrong with it, and the key to ask for it by, where it can be read."""

    what: str
    value: bytes | None
    key: str | None = None


def _click(number: int, without: str | None = None, **changes: str) -> bytes:
    record = {
        "event_id": f"clk-{number}",
        "event_timestamp": f"2025-01-15T09:00:{number:02}Z",
        "event_type": "page_view",
        "user_id": _USER.decode(),
    } | changes
    return json.dumps({name: record[name] for name in record if name != without}).encode()


_ONE_BY_ONE = (
    (Example("A good click", _click(1)), "it becomes a row of marts.clicks"),
    (Example("The same again", _click(1)), "marts.clicks stays as it is"),
    (
        Example(
            "An older one of the same key, which comes late",
            _click(1, event_timestamp="2025-01-15T08:59:00Z"),
        ),
        "marts.clicks keeps the newer one",
    ),
)
_BROKEN = (
    Example("JSON that is cut off", _click(2)[:-20]),
    Example("an event type that there is not", _click(3, event_type="hover"), "clk-3"),
    Example("no user_id", _click(4, without="user_id"), "clk-4"),
    Example("bytes that are no UTF-8", _click(5).replace(_USER, b"u-\xff")),
    Example("an empty message", b""),
    Example("a tombstone: no value at all", None),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.demo.stream",
        description="Play a clickstream to `hub stream`, and show what becomes of it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--rate", type=float, default=1_000, help="events a second, of the many")
    rate = parser.parse_args().rate
    _forget_settings()
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as folder, MockCluster() as cluster:
        root = Path(folder) / "hub"
        root.mkdir()
        copy_project(root)
        cluster.create_topic(_TOPIC, _PARTITIONS)
        _play(root, cluster, rate)


def _forget_settings() -> None:
    """No variable may lead to a warehouse that is somebody's."""
    for name in [name for name in os.environ if name.startswith(("HUB_", "DBT_"))]:
        del os.environ[name]


def _play(root: Path, cluster: MockCluster, rate: float) -> None:
    onlooker = Onlooker(root)
    with StreamProcess(root, cluster.bootstrap_servers, "web", "--log-level", "warning") as stream:
        _heading("A stream begins")
        print(f"a mock cluster with the topic {_TOPIC} in {_PARTITIONS} partitions,")
        print("an empty warehouse in a temporary copy of the project")
        print("$ hub stream web &")
        stream.wait_for_decided(0)
        _show_one_by_one(cluster, stream, onlooker)
        _show_broken(cluster, stream, onlooker)
        _show_many(cluster, stream, onlooker, rate)
        _heading("The stream is stopped")
        print("$ kill -TERM <the stream>")
        code = stream.end()
        print(stream.log.strip())
        print(f"\nit exits with {code}")
        if code:
            raise SystemExit(code)


def _show_one_by_one(cluster: MockCluster, stream: StreamProcess, onlooker: Onlooker) -> None:
    for number, (example, becomes) in enumerate(_ONE_BY_ONE):
        _heading(example.what)
        (message,) = cluster.produce(_TOPIC, [example.value], key=_USER)
        print(f"sent: {(example.value or b'').decode()}\n")
        stream.wait_for_decided(number + 1)
        print(f"{becomes}:")
        onlooker.show(
            "select event_id, event_timestamp, event_type, user_id from marts.clicks "
            "order by event_id"
        )
        print()
        # asked for by its place: its key has the story of those before it, too
        onlooker.show_command("why", onlooker.place(0, message.offset))


def _show_broken(cluster: MockCluster, stream: StreamProcess, onlooker: Onlooker) -> None:
    _heading("Six that are broken, each in its own way")
    sent = cluster.produce(_TOPIC, [example.value for example in _BROKEN], key=_USER)
    for example in _BROKEN:
        print(f"{example.what}:\n    {example.value!r}")
    stream.wait_for_decided(len(_ONE_BY_ONE) + len(sent))
    print("\nnone of them becomes a row of marts.clicks:")
    onlooker.show("select count(*) as clicks from marts.clicks")
    print("each is a dead letter:")
    onlooker.show("select file, row_number, error, status from ops.dead_letters order by record_id")
    for example, message in zip(_BROKEN, sent, strict=True):
        print()
        onlooker.show_command("why", example.key or onlooker.place(0, message.offset))


def _show_many(
    cluster: MockCluster, stream: StreamProcess, onlooker: Onlooker, rate: float
) -> None:
    _heading(f"{_MORE:,} more")
    before = onlooker.last_load()
    more = clicks(_SEED, _START, 1_000, _RATES)
    sent = send(cluster.producer(linger_ms=5), _TOPIC, more, rate, _MORE / rate)
    ended = time.monotonic()
    print(f"sent in {sent.seconds:.1f} s: {_counted(sent.kinds)}")
    stream.wait_for_decided(len(_ONE_BY_ONE) + len(_BROKEN) + _MORE)
    print(f"all decided {time.monotonic() - ended:.1f} s after the last one was sent:")
    onlooker.show(
        "select outcome, count(*) as records from ops.record_outcomes "
        f"where load_id > {before} group by outcome order by outcome"
    )
    accepted, rejected = onlooker.judged(before)
    print(
        f"quality: {accepted:,} accepted, {rejected:,} rejected, "
        f"{accepted / (accepted + rejected):.2%} (more than 99 % are wanted)"
    )
    print(f"lag: {onlooker.lag()}")


def _heading(text: str) -> None:
    print(f"\n== {text} ==\n", flush=True)


def _counted(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))


if __name__ == "__main__":
    main()
