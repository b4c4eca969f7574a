"""`hub stream` against a real broker: what a mock cluster cannot do."""

import json
import threading
import time

import pytest

from hub.commands import streaming
from loader.errors import HubError
from tests.kafka.broker import COMPACTED, Broker
from tests.kafka.clicks import click
from tests.kafka.cluster import Message
from tests.kafka.streaming import StreamProcess
from tests.support.workbench import Workbench

pytestmark = pytest.mark.kafka


@pytest.fixture
def streamed(
    own_project: Workbench, broker: Broker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> Workbench:
    """A workbench whose source `web` reads a topic of the test's own."""
    own_project.set_meta(
        "web", kafka={"topic": topic, "bootstrap_servers": "${KAFKA_BOOTSTRAP_SERVERS}"}
    )
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers)
    return own_project


def places(bench: Workbench) -> list[tuple[int, int]]:
    """(partition, offset) of all that landed."""
    rows = [json.loads(text) for (text,) in bench.sql("select position from raw.web")]
    return sorted((row["partition"], row["offset"]) for row in rows)


def keys(bench: Workbench) -> list[str]:
    return [key for (key,) in bench.sql("select event_id from marts.clicks order by event_id")]


def test_only_committed_transactions_land(streamed, broker, topic):
    broker.create_topic(topic)
    broker.produce(topic, [click(1)], transactional_id="a")
    broker.produce(topic, [click(2)], transactional_id="a", commit=False)
    broker.produce(topic, [click(3)], transactional_id="a")

    assert streaming.stream(streamed.project, (), once=True).records == 2

    assert keys(streamed) == ["clk-1", "clk-3"]
    # the marks of the transactions count as read, too
    _, high = broker.offsets(topic)
    assert streamed.sql("select next_offset, log_end from ops.stream_offsets") == [(high, high)]
    assert streaming.stream(streamed.project, (), once=True).records == 0


def test_a_compacted_topic_lands_with_its_holes_and_tombstones(streamed, broker, topic):
    broker.create_topic(topic, config=COMPACTED)
    for round_number in range(5):
        broker.produce(
            topic,
            [
                Message(click(number, page_url=f"/{round_number}"), key=b"%d" % number)
                for number in range(10)
            ],
        )
        time.sleep(0.3)
    broker.produce(topic, [Message(None, key=b"3")])
    time.sleep(0.3)
    broker.produce(topic, [Message(click(99), key=b"99")])
    deadline = time.monotonic() + 60
    while len(broker.read(topic)) >= 50:
        assert time.monotonic() < deadline, "the broker did not compact"
        time.sleep(0.5)
    held = broker.read(topic)

    taken = streaming.stream(streamed.project, (), once=True).records

    assert taken >= len({message.key for message in held})
    assert set(places(streamed)) >= {(0, message.offset) for message in held}
    assert streamed.sql("select error, record from ops.dead_letters") == [("tombstone", None)]
    positions = [
        json.loads(text)
        for (text,) in streamed.sql("select position from raw.web where problem = 'tombstone'")
    ]
    assert [position["key"] for position in positions] == ["3"]


def test_a_topic_that_grows_from_two_partitions_to_four_is_read_whole(streamed, broker, topic):
    broker.create_topic(topic, partitions=2)
    broker.produce(topic, [Message(click(number), partition=number) for number in range(2)])
    with StreamProcess(streamed.root, broker.bootstrap_servers) as stream:
        stream.wait_for("select count(*) from marts.clicks", 2)
        broker.add_partitions(topic, 4)
        broker.produce(
            topic, [Message(click(number + 10), partition=number) for number in range(4)]
        )
        stream.wait_for("select count(*) from marts.clicks", 6)
        assert stream.end() == 0
    assert places(streamed) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0)]
    assert ("partitions added", "2, 3") in streamed.sql(
        "select event, detail from ops.stream_events"
    )


def test_a_broker_that_is_killed_in_mid_stream_loses_and_doubles_nothing(streamed, broker, topic):
    broker.create_topic(topic, partitions=2)
    sent: list[Message] = []

    def produce() -> None:
        for number in range(0, 600, 20):
            sent.extend(
                broker.produce(
                    topic,
                    [Message(click(number + each), partition=each % 2) for each in range(20)],
                )
            )

    producing = threading.Thread(target=produce)
    with StreamProcess(streamed.root, broker.bootstrap_servers) as stream:
        stream.wait_for_log("reading 2 partitions")
        producing.start()
        stream.wait_for_log("landed")
        broker.kill()
        broker.start()
        producing.join()
        stream.wait_for("select count(*) from marts.clicks", 600)
        assert stream.end() == 0
    # a producer that heard of no success may have sent twice: the log is what counts
    assert places(streamed) == [
        (message.partition, message.offset) for message in broker.read(topic)
    ]
    assert {message.offset for message in sent} <= {offset for _, offset in places(streamed)}


def test_a_stream_and_its_broker_killed_together_lose_and_double_nothing(streamed, broker, topic):
    broker.create_topic(topic, partitions=2)
    for attempt in range(3):
        broker.produce(
            topic,
            [Message(click(attempt * 100 + number), partition=number % 2) for number in range(100)],
        )
        with StreamProcess(streamed.root, broker.bootstrap_servers) as stream:
            stream.wait_for_log("landed")
            stream.kill()
            broker.kill()
        broker.start()
    streaming.stream(streamed.project, (), once=True)
    assert places(streamed) == [(p, offset) for p in range(2) for offset in range(150)]
    assert streamed.outcomes("web") == ["applied"] * 300


def test_records_that_retention_took_before_they_were_read_are_an_error(streamed, broker, topic):
    broker.create_topic(topic)
    broker.produce(topic, [click(number) for number in range(3)])
    streaming.stream(streamed.project, (), once=True)
    broker.produce(topic, [click(number) for number in range(3, 9)])
    broker.delete_records(topic, 0, 6)
    with pytest.raises(HubError, match="offset 3 of partition 0 is not in the log"):
        streaming.stream(streamed.project, (), once=True)
    assert places(streamed) == [(0, 0), (0, 1), (0, 2)]
