"""The broker does what tests of `hub stream` rely on, and the mock cluster cannot do."""

import signal
import socket
import subprocess
import sys
import time

import pytest
from confluent_kafka import KafkaError, TopicPartition

from tests.kafka import PROJECT
from tests.kafka.broker import COMPACTED, Broker
from tests.kafka.cluster import Message

pytestmark = pytest.mark.kafka
SENT = 1_736_931_600_000


def values(broker: Broker, topic: str, isolation: str = "read_committed") -> list[bytes | None]:
    return [message.value for message in broker.read(topic, isolation)]


def test_messages_come_back_as_they_were_sent(broker, topic):
    sent = [
        Message(b"one", b"key", SENT, (("trace", b"1"), ("empty", None))),
        Message(b"", None, SENT + 1),
        Message(None, b"key", SENT + 2),
    ]
    broker.create_topic(topic)
    assert broker.read(topic) == []
    assert broker.produce(topic, sent) == broker.read(topic)


def test_what_a_topic_holds_survives_a_kill_and_a_stop(broker, topic):
    broker.create_topic(topic, 2)
    broker.produce(topic, [b"one", b"two"], partition=1)
    address = broker.bootstrap_servers
    broker.kill()
    broker.start()
    assert values(broker, topic) == [b"one", b"two"]
    broker.stop()
    broker.start()
    assert values(broker, topic) == [b"one", b"two"]
    assert broker.bootstrap_servers == address


def test_a_consumer_goes_on_where_it_was_when_the_broker_is_back(broker, topic):
    broker.create_topic(topic)
    broker.produce(topic, [b"one"])
    consumer = broker.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert [message.value() for message in consumer.consume(1, timeout=20)] == [b"one"]
    broker.kill()
    broker.start()
    broker.produce(topic, [b"two"])
    assert [message.value() for message in consumer.consume(1, timeout=20)] == [b"two"]
    consumer.close()


def test_a_transaction_that_was_aborted_is_not_read(broker, topic):
    broker.create_topic(topic)
    broker.produce(topic, [b"aborted"], transactional_id=topic, commit=False)
    broker.produce(topic, [b"committed"], transactional_id=topic)
    assert values(broker, topic) == [b"committed"]
    assert values(broker, topic, "read_uncommitted") == [b"aborted", b"committed"]
    # each transaction ends in an offset of its own that holds no message
    assert broker.offsets(topic) == (0, 4)


def test_compaction_leaves_the_latest_of_each_key_and_tombstones(broker, topic):
    broker.create_topic(topic, config=COMPACTED)
    history = [(b"a", b"1"), (b"a", b"2"), (b"b", b"3"), (b"b", None), (b"c", b"4")]
    broker.produce(topic, [Message(value, key) for key, value in history])
    time.sleep(0.3)
    broker.produce(topic, [b"next segment"], key=b"d")
    end = time.monotonic() + 60
    while len(found := broker.read(topic)) > 4 and time.monotonic() < end:
        time.sleep(0.2)
    assert [(message.offset, message.key, message.value) for message in found] == [
        (1, b"a", b"2"),
        (3, b"b", None),
        (4, b"c", b"4"),
        (5, b"d", b"next segment"),
    ]


def test_a_topic_grows(broker, topic):
    broker.create_topic(topic, 2)
    assert broker.partitions(topic) == [0, 1]
    broker.add_partitions(topic, 4)
    assert broker.partitions(topic) == [0, 1, 2, 3]
    broker.produce(topic, [b"one"], partition=3)
    assert values(broker, topic) == [b"one"]


def test_an_offset_can_fall_below_the_start_of_the_log(broker, topic):
    broker.create_topic(topic)
    broker.produce(topic, [b"one", b"two", b"three"])
    broker.delete_records(topic, 0, 2)
    assert broker.offsets(topic) == (2, 3)
    consumer = broker.consumer(auto_offset_reset="error")
    consumer.assign([TopicPartition(topic, 0, 1)])
    (message,) = consumer.consume(1, timeout=20)
    assert message.error().code() == KafkaError._AUTO_OFFSET_RESET
    consumer.close()


def test_a_topic_made_anew_begins_anew(broker, topic):
    broker.create_topic(topic)
    broker.produce(topic, [b"one", b"two"])
    broker.delete_topic(topic)
    broker.create_topic(topic)
    assert broker.offsets(topic) == (0, 0)


def test_a_broker_that_cannot_start_says_why(broker, tmp_path):
    bad = Broker(tmp_path, {"log.cleaner.threads": "-1"})
    with pytest.raises(RuntimeError, match=r"log\.cleaner\.threads"):
        bad.start()


def test_the_broker_ends_with_who_started_it(broker, tmp_path):
    script = """
import os, signal, sys
from pathlib import Path
from tests.kafka.broker import Broker
with Broker(Path(sys.argv[1])) as broker:
    print(broker.bootstrap_servers, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL
    end = time.monotonic() + 10
    while answers(done.stdout.strip()) and time.monotonic() < end:
        time.sleep(0.05)
    assert not answers(done.stdout.strip())


def answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True
