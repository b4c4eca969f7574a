"""A `hub stream` that goes on: signals, crashes, brokers that leave, warehouses out of reach."""

import json
import random
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from hub.commands import health, streaming
from loader.config.kafka import KafkaSettings
from loader.stream.consumer import TopicConsumer
from tests.kafka.clicks import click
from tests.kafka.cluster import Message
from tests.kafka.conftest import TOPIC
from tests.kafka.mock_cluster import MockCluster
from tests.kafka.streaming import StreamProcess
from tests.support.workbench import Workbench

QUICK = {"first_pause": 0.1, "longest_pause": 0.5, "failures_to_open": 5}
HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def count(bench: Workbench, query: str) -> int:
    return int(bench.sql(query)[0][0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.nightly), signal.SIGTERM]
)
def test_a_stream_that_is_asked_to_stop_ends_well(streamed, mock, number):
    mock.produce(TOPIC, [click(1)])
    with StreamProcess(streamed.root, mock.bootstrap_servers) as stream:
        stream.wait_for_log("landed 1 records")
        assert stream.end(number) == 0
        assert "stream ended: 1 records in 1 batches" in stream.log
        assert "Traceback" not in stream.log
    assert count(streamed, "select count(*) from ops.run_log where status = 'running'") == 0
    assert streaming.stream(streamed.project, (), once=True).records == 0
    assert count(streamed, "select count(*) from marts.clicks") == 1


@pytest.mark.nightly
def test_a_single_message_of_a_quiet_topic_reaches_its_target(streamed, mock):
    with StreamProcess(streamed.root, mock.bootstrap_servers) as stream:
        for number in range(3):
            mock.produce(TOPIC, [click(number)])
            stream.wait_for("select count(*) from marts.clicks", number + 1)
        assert stream.end() == 0


@pytest.mark.slow
def test_kills_at_any_time_lose_and_double_nothing(streamed, mock):
    rng = random.Random(7)
    sent: list[Message] = []
    for attempt in range(6):
        sent += mock.produce(
            TOPIC,
            [Message(click(attempt * 100 + number), partition=number % 4) for number in range(100)],
        )
        with StreamProcess(streamed.root, mock.bootstrap_servers) as stream:
            if attempt % 2:
                stream.wait_for_log("landed")
            time.sleep(rng.uniform(0, 2))
            stream.kill()
    streaming.stream(streamed.project, (), once=True)

    landed = [json.loads(text) for (text,) in streamed.sql("select position from raw.web")]
    assert sorted((at["partition"], at["offset"]) for at in landed) == sorted(
        (message.partition, message.offset) for message in sent
    )
    assert streamed.outcomes("web") == ["applied"] * len(sent)
    assert count(streamed, "select count(*) from marts.clicks") == len(sent)
    assert {finding.status for finding in health.doctor(streamed.project)} <= {"ok", "warn"}


@pytest.mark.nightly
def test_a_broker_that_leaves_and_returns_is_told_and_nothing_is_lost(streamed, mock):
    mock.produce(TOPIC, [click(1)])
    with StreamProcess(streamed.root, mock.bootstrap_servers) as stream:
        stream.wait_for("select count(*) from marts.clicks", 1)
        mock.go_down()
        stream.wait_for_log("broker away")
        mock.come_up()
        stream.wait_for_log("broker back")
        mock.produce(TOPIC, [click(2)])
        stream.wait_for("select count(*) from marts.clicks", 2)
        assert stream.end() == 0
    assert streamed.sql(
        "select event from ops.stream_events where event like 'broker%' order by happened_at"
    )[:2] == [("broker away",), ("broker back",)]


@pytest.mark.nightly
def test_a_broker_that_is_not_there_yet_is_waited_for(streamed, mock):
    mock.go_down()
    with StreamProcess(streamed.root, mock.bootstrap_servers) as stream:
        stream.wait_for_log("broker away")
        mock.come_up()
        mock.produce(TOPIC, [click(1)])
        stream.wait_for("select count(*) from marts.clicks", 1)


@pytest.mark.nightly
def test_a_locked_warehouse_holds_the_stream_and_loses_nothing(own_project, mock):
    own_project.set_vars(stream=QUICK)
    mock.create_topic(TOPIC, 1)
    with StreamProcess(own_project.root, mock.bootstrap_servers) as stream:
        stream.wait_for("select count(*) from ops.run_log", 1)
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, own_project.database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout
            assert holder.stdin
            assert holder.stdout.readline() == "held\n"
            mock.produce(TOPIC, [click(number) for number in range(5)])
            stream.wait_for_log(f"the process {holder.pid}", 6)
            mock.produce(TOPIC, [click(number) for number in range(5, 9)])
            holder.stdin.close()
        stream.wait_for("select count(*) from marts.clicks", 9)
        assert stream.end() == 0
    events = [event for (event,) in own_project.sql("select event from ops.stream_events")]
    assert events.count("failed") >= 6
    assert events.count("circuit open") == 1
    assert events[-1] == "recovered"
    assert own_project.outcomes("web") == ["applied"] * 9


@pytest.mark.nightly
def test_a_build_that_fails_five_times_opens_the_circuit_and_then_recovers(own_project, mock):
    own_project.set_vars(stream=QUICK)
    mock.create_topic(TOPIC, 1)
    mock.produce(TOPIC, [click(0)])
    with StreamProcess(own_project.root, mock.bootstrap_servers) as stream:
        stream.wait_for("select count(*) from marts.clicks", 1)
        own_project.edit("models/marts/clicks.sql", "{{", "{{ no_such_macro() }} {{")
        mock.produce(TOPIC, [click(number) for number in range(1, 5)])
        stream.wait_for_log("attempt 5 failed")
        mock.produce(TOPIC, [click(number) for number in range(5, 9)])
        own_project.edit("models/marts/clicks.sql", "{{ no_such_macro() }} {{", "{{")
        stream.wait_for("select count(*) from marts.clicks", 9)
        assert stream.end() == 0
    events = [event for (event,) in own_project.sql("select event from ops.stream_events")]
    assert events.count("circuit open") == 1
    assert events[-1] == "recovered"
    assert count(own_project, "select count(*) from ops.run_log where status = 'failed'") >= 5
    assert own_project.outcomes("web") == ["applied"] * 9


@pytest.mark.nightly
def test_a_full_disk_holds_the_stream_until_there_is_room(own_project, mock):
    own_project.set_vars(stream=QUICK)
    mock.create_topic(TOPIC, 1)
    mock.produce(TOPIC, [click(0)])
    rng = random.Random(1)
    big = [click(number, page_url=rng.randbytes(4_000).hex()) for number in range(1, 500)]
    with StreamProcess(own_project.root, mock.bootstrap_servers) as stream:
        stream.wait_for("select count(*) from marts.clicks", 1)
        stream.limit_files(own_project.database.stat().st_size)
        mock.produce(TOPIC, big)
        stream.wait_for_log("File too large", 2)
        stream.limit_files(resource.RLIM_INFINITY)
        stream.wait_for("select count(*) from marts.clicks", 500)
        assert stream.end() == 0
    assert own_project.outcomes("web") == ["applied"] * 500
    assert {finding.status for finding in health.doctor(own_project.project)} <= {"ok", "warn"}


@pytest.mark.slow
def test_a_slow_consumer_pauses_the_partitions_and_holds_no_more_than_its_bound(bench, mock):
    """Nothing is landed until the buffer is full, then a tenth at a time."""
    bound = 1_000
    sent = [Message(click(number), partition=number % 4) for number in range(10 * bound)]
    mock.create_topic(TOPIC, 4)
    mock.produce(TOPIC, sent)
    source = bench.project.sources["web"]
    settings = KafkaSettings(TOPIC, mock.bootstrap_servers, "hub", buffer_records=bound)
    happened: list[str] = []
    arrived = threading.Condition(threading.RLock())
    consumer = TopicConsumer(
        source, settings, {}, arrived, lambda source, event, detail: happened.append(event)
    )
    consumer.start()
    taken, most = [], 0
    try:
        while len(taken) < len(sent):
            time.sleep(0.05)
            waiting = consumer.peek()
            most = max(most, len(waiting))
            taken += waiting[: bound // 2]
            consumer.landed(len(waiting[: bound // 2]))
    finally:
        consumer.stop()
    # one call of the client may bring 500 more than there is room for
    assert bound <= most < bound + 500
    for partition in range(4):
        offsets = [message.offset for message in taken if message.partition == partition]
        assert offsets == list(range(len(sent) // 4))
    assert happened == []


@pytest.mark.nightly
def test_other_commands_have_their_turn_beside_a_stream(streamed, mock):
    with StreamProcess(streamed.root, mock.bootstrap_servers) as stream:
        mock.produce(TOPIC, [click(1)])
        stream.wait_for("select count(*) from marts.clicks", 1)
        streamed.drop("app/a.json", [{"key": "e", "name": "n", "value": 1, "ts": "2025-01-15"}])
        assert streamed.run()["status"] == "succeeded"
        mock.produce(TOPIC, [click(2)])
        stream.wait_for("select count(*) from marts.clicks", 2)
    assert isinstance(mock, MockCluster)
