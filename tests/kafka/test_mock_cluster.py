"""The mock cluster does what tests of `hub stream` rely on."""

import subprocess
import sys
import time

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from tests.kafka import PROJECT
from tests.kafka.cluster import Message
from tests.kafka.librdkafka import Request
from tests.kafka.mock_cluster import MockCluster

pytestmark = pytest.mark.slow

SENT = 1_736_931_600_000


def values(cluster: MockCluster, topic: str) -> list[bytes | None]:
    return [message.value for message in cluster.read(topic)]


def test_messages_come_back_as_they_were_sent(mock):
    headers = (("trace", b"1"), ("empty", None))
    sent = [
        Message(b"one", b"key", SENT, headers, 1),
        Message(b"", None, SENT + 1),
        Message(None, b"key", SENT + 2),
    ]
    mock.create_topic("clicks", 2)
    mock.produce("clicks", sent)
    read = mock.read("clicks")
    assert [(m.partition, m.offset, m.value, m.key, m.timestamp, m.headers) for m in read] == [
        (0, 0, b"", None, SENT + 1, ()),
        (0, 1, None, b"key", SENT + 2, ()),
        (1, 0, b"one", b"key", SENT, headers),
    ]


def test_what_was_sent_is_returned_with_its_offsets(mock):
    mock.produce("clicks", [b"one"], partition=3)
    sent = mock.produce("clicks", [b"two", None], partition=3, key=b"key", timestamp=SENT)
    assert sent == [
        Message(b"two", b"key", SENT, partition=3, offset=1),
        Message(None, b"key", SENT, partition=3, offset=2),
    ]
    assert mock.offsets("clicks", 3) == (0, 3)


def test_a_topic_has_the_partitions_that_it_was_created_with(mock):
    mock.create_topic("clicks", 7)
    assert mock.partitions("clicks") == list(range(7))
    with pytest.raises(RuntimeError, match="TOPIC_ALREADY_EXISTS"):
        mock.create_topic("clicks", 8)


def test_a_topic_that_was_not_created_has_four_partitions(mock):
    with pytest.raises(KafkaException, match="UNKNOWN_TOPIC"):
        mock.partitions("clicks")
    mock.produce("clicks", [b"one"])
    assert mock.partitions("clicks") == [0, 1, 2, 3]


def test_a_topic_made_anew_begins_anew(mock):
    mock.produce("clicks", [b"one", b"two"])
    mock.delete_topic("clicks")
    mock.create_topic("clicks", 2)
    assert mock.offsets("clicks") == (0, 0)


def test_an_offset_can_fall_below_the_start_of_the_log(mock):
    mock.produce("clicks", [b"one", b"two", b"three"])
    mock.delete_records("clicks", 0, 2)
    assert mock.offsets("clicks") == (2, 3)
    consumer = mock.consumer(auto_offset_reset="error")
    consumer.assign([TopicPartition("clicks", 0, 1)])
    (message,) = consumer.consume(1, timeout=10)
    assert message.error().code() == KafkaError._AUTO_OFFSET_RESET
    consumer.close()


def test_a_full_partition_loses_its_oldest_messages(mock):
    mock.create_topic("clicks")
    mock.produce("clicks", [b"x" * 1_000] * 6_000)
    first, following = mock.offsets("clicks")
    assert 0 < first < following == 6_000


def test_a_consumer_goes_on_where_it_was_when_the_cluster_is_back(mock):
    mock.produce("clicks", [b"one"])
    consumer = mock.consumer()
    consumer.assign([TopicPartition("clicks", 0, 0)])
    assert [message.value() for message in consumer.consume(1, timeout=10)] == [b"one"]
    mock.go_down()
    with pytest.raises(KafkaException):
        mock.consumer().list_topics(timeout=0.5)
    mock.come_up()
    mock.produce("clicks", [b"two"])
    assert [message.value() for message in consumer.consume(1, timeout=20)] == [b"two"]
    consumer.close()


def test_requests_fail_as_told(mock):
    mock.produce("clicks", [b"one"])
    mock.fail(Request.FETCH, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        mock.read("clicks")
    assert values(mock, "clicks") == [b"one"]
    mock.fail(Request.METADATA, *[KafkaError._TRANSPORT] * 100)
    mock.stop_failing(Request.METADATA)
    assert mock.partitions("clicks") == [0, 1, 2, 3]


def test_answers_come_late_as_told(mock):
    mock.delay(0.3)
    start = time.monotonic()
    mock.produce("clicks", [b"one"])
    assert time.monotonic() - start > 0.3


def test_a_transaction_that_was_aborted_is_delivered_by_the_mock_only(mock):
    mock.produce("clicks", [b"aborted"], transactional_id="test", commit=False)
    mock.produce("clicks", [b"committed"], transactional_id="test")
    assert values(mock, "clicks") == [b"aborted", b"committed"]


def test_the_cluster_ends_with_who_started_it():
    # a process that starts a cluster and is killed
    script = """
import os, signal
from tests.kafka.mock_cluster import MockCluster
with MockCluster() as cluster:
    print(cluster.bootstrap_servers, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    # its output ends when the cluster, which inherited its standard error, has ended, too
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=20
    )
    assert done.stdout.startswith("127.0.0.1:")
