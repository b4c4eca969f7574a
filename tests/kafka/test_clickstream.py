"""The clickstream is what it says, and the hub decides it as it says."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import islice

import pytest

from tests.kafka import PROJECT
from tests.kafka.clicks import Click, Rates, clicks

START = datetime(2025, 6, 1, tzinfo=UTC)


def some(count: int, seed: int = 1, rates: Rates | None = None) -> list[Click]:
    return list(islice(clicks(seed, START, 100, rates), count))


def start_stream(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.kafka.clickstream", *options],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_same_seed_gives_the_same_clicks():
    assert some(1_000) == some(1_000)
    assert not {click.value for click in some(100)} & {click.value for click in some(100, seed=2)}


def test_each_kind_has_its_share():
    kinds = Counter(click.kind for click in some(20_000, rates=Rates(0.1, 0.2, 0.05)))
    shares = {kind: round(count / 20_000, 2) for kind, count in kinds.items()}
    assert shares == {"good": 0.65, "duplicate": 0.1, "late": 0.2, "broken": 0.05}


def test_a_late_click_is_behind_its_turn_by_minutes():
    behind = [
        number / 100 - (datetime.fromisoformat(time_of(click)) - START).total_seconds()
        for number, click in enumerate(some(2_000))
        if click.kind == "late"
    ]
    assert behind
    assert all(59 <= seconds <= 3_601 for seconds in behind)


def time_of(click: Click) -> str:
    return str(json.loads(click.value)["event_timestamp"])


@pytest.mark.slow
def test_the_hub_decides_as_the_clicks_say(bench):
    sent = some(2_000, rates=Rates(0.05, 0.05, 0.1))
    bench.drop("web/clicks.ndjson", b"".join(click.value + b"\n" for click in sent))
    bench.run(now="2025-06-01T12:00:00")
    outcomes = {"good": "applied", "late": "applied", "broken": "rejected"}
    assert bench.outcomes() == [outcomes.get(click.kind, "duplicate") for click in sent]
    assert dict(
        bench.sql("select error, count(*) from ops.dead_letters group by error")
    ) == Counter(click.reason for click in sent if click.reason)


@pytest.mark.slow
def test_the_process_sends_at_its_rate_and_stamps_the_moment(mock):
    before = time.time()
    stream = start_stream(
        *("--bootstrap", mock.bootstrap_servers, "--topic", "clicks"),
        *("--rate", "200", "--seconds", "2", "--broken", "0"),
    )
    out, err = stream.communicate(timeout=30)
    assert stream.returncode == 0, err
    sent = json.loads(out)
    assert (sent["messages"], sent["failed"]) == (400, 0)
    assert 1.9 <= sent["seconds"] < 10
    read = mock.read("clicks")
    assert len(read) == 400
    assert all(before <= message.timestamp / 1000 + 0.001 <= time.time() for message in read)
    assert {message.key.decode() for message in read} == {
        json.loads(message.value)["user_id"] for message in read
    }


@pytest.mark.slow
def test_a_process_that_is_interrupted_says_what_it_sent(mock):
    stream = start_stream("--bootstrap", mock.bootstrap_servers, "--rate", "50", "--seconds", "600")
    end = time.monotonic() + 20
    while time.monotonic() < end and not has_messages(mock):
        time.sleep(0.1)
    stream.send_signal(signal.SIGTERM)
    out, err = stream.communicate(timeout=30)
    assert stream.returncode == 0, err
    assert json.loads(out)["messages"] == len(mock.read("clicks"))


def has_messages(cluster) -> bool:
    topics = cluster.producer().list_topics(timeout=10).topics
    return "clicks" in topics and bool(cluster.read("clicks"))


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_named():
    stream = start_stream("--bootstrap", "127.0.0.1:1")
    _, err = stream.communicate(timeout=30)
    assert stream.returncode == 1
    assert "nothing answers at 127.0.0.1:1" in err
