"""`hub stream` against a mock cluster: what lands, what becomes of it, and what may go wrong."""

import json
from base64 import b64decode

import pytest
from confluent_kafka import TopicPartition

from hub.commands import health, questions, streaming
from hub.queries.explain import Question, parse_question
from loader.errors import HubError, WrongUse
from loader.stream import batch
from tests.kafka.clicks import click
from tests.kafka.cluster import Content, Message
from tests.kafka.conftest import TOPIC
from tests.kafka.mock_cluster import MockCluster
from tests.support.workbench import Workbench


def read_from(bench: Workbench, mock: MockCluster, **settings: object) -> None:
    """Let the source `web` read the mock cluster's topic, with these settings."""
    where = {"topic": TOPIC, "bootstrap_servers": mock.bootstrap_servers}
    bench.set_meta("web", kafka=where | settings)


def drain(bench: Workbench) -> int:
    """`hub stream --once`; returns how many records it took."""
    return streaming.stream(bench.project, (), once=True).records


def letters(bench: Workbench) -> dict[int, tuple[str, str | None]]:
    """Offset -> (error, raw text) of the open dead letters."""
    rows = bench.sql(
        "select raw.position, letters.error, letters.record from ops.dead_letters as letters "
        "inner join raw.web as raw on raw.load_id = letters.record_id // 10000000000 "
        "and raw.row_number = letters.record_id % 10000000000"
    )
    return {json.loads(position)["offset"]: (error, record) for position, error, record in rows}


@pytest.mark.slow
def test_every_message_lands_verbatim_with_its_place(streamed, mock):
    sent = [
        Message(
            click(number).replace(b'", "', b'" ,\t"'),
            key=b"u-1",
            timestamp=1736931600000 + number,
            headers=(("trace", b"abc"), ("raw", b"\xff"), ("none", None)),
            partition=number % 4,
        )
        for number in range(40)
    ]
    sent = mock.produce(TOPIC, sent)

    assert drain(streamed) == 40

    rows = streamed.sql("select record, problem, position from raw.web")
    assert {record for record, _, _ in rows} == {message.value.decode() for message in sent}
    assert {problem for _, problem, _ in rows} == {None}
    positions = [json.loads(position) for _, _, position in rows]
    assert {(at["partition"], at["offset"]) for at in positions} == {
        (message.partition, message.offset) for message in sent
    }
    assert {at["timestamp"] for at in positions} == {message.timestamp for message in sent}
    assert positions[0]["topic"] == TOPIC
    assert positions[0]["key"] == "u-1"
    assert positions[0]["headers"] == [
        ["trace", "abc"],
        ["raw", {"base64": "/w=="}],
        ["none", None],
    ]
    assert streamed.sql("select count(*) from marts.clicks") == [(40,)]


@pytest.mark.slow
def test_a_second_stream_takes_only_what_is_new(streamed, mock):
    mock.produce(TOPIC, [click(1), click(2)])
    assert drain(streamed) == 2
    assert drain(streamed) == 0
    mock.produce(TOPIC, [click(3)], partition=2)
    assert drain(streamed) == 1
    assert streamed.sql("select event_id from marts.clicks order by event_id") == [
        ("clk-1",),
        ("clk-2",),
        ("clk-3",),
    ]


@pytest.mark.slow
def test_the_command_tells_what_it_took(streamed, mock, command):
    mock.produce(TOPIC, [click(1), click(2)])
    told = command("stream", "--once", "--json").data
    assert (told["records"], told["sources"]) == (2, {"web": 2})
    assert told["receipt"]["streams"]["web"]["records"] == 2
    assert command("stream", "--once", "--json").data["receipt"] is None


@pytest.mark.slow
def test_messages_that_cannot_be_read_become_letters_with_their_bytes(streamed, mock):
    big = b'{"event_id": "' + b"x" * 5_000_000
    poison: list[Content] = [b'{"cut', b'\xff\xfe{"a"', b"", None, b"[1]", b" \n", big, b"\x00"]
    mock.produce(TOPIC, [*poison, click(1)])

    assert drain(streamed) == 9

    found = letters(streamed)
    assert {offset: error for offset, (error, _) in found.items()} == {
        0: "malformed_json",
        1: "invalid_utf8",
        2: "empty_message",
        3: "tombstone",
        4: "not_an_object",
        5: "malformed_json",
        6: "malformed_json",
        7: "malformed_json",
    }
    assert found[0][1] == '{"cut'
    assert b64decode(found[1][1]) == poison[1]
    assert (found[2][1], found[3][1]) == ("", None)
    assert found[5][1] == " \n"
    assert found[6][1] == big.decode()
    assert found[7][1] == "\x00"
    assert streamed.sql("select event_id from marts.clicks") == [("clk-1",)]


@pytest.mark.slow
def test_clicks_that_break_the_contract_are_rejected_with_the_reason(streamed, mock):
    missing = ("event_id", "event_timestamp", "event_type", "user_id")
    mock.produce(TOPIC, [*(click(1, **{name: None}) for name in missing)])
    mock.produce(TOPIC, [click(5, event_type="hover"), click(6, page_url="/a", product_id="p-1")])
    drain(streamed)
    assert {offset: error for offset, (error, _) in letters(streamed).items()} == {
        0: "missing_event_id",
        1: "missing_timestamp",
        2: "missing_event_type",
        3: "missing_user_id",
        4: "invalid_event_type",
    }
    assert streamed.sql("select event_id, page_url, product_id from marts.clicks") == [
        ("clk-6", "/a", "p-1")
    ]


@pytest.mark.slow
def test_a_message_sent_twice_is_a_duplicate(streamed, mock):
    mock.produce(TOPIC, [click(1)], partition=0)
    mock.produce(TOPIC, [click(1)], partition=3)
    drain(streamed)
    assert sorted(streamed.outcomes("web")) == ["applied", "duplicate"]


@pytest.mark.slow
def test_files_and_messages_of_a_source_are_one(streamed, mock):
    streamed.drop("web/a.ndjson", click(1).decode() + "\n")
    streamed.run()
    mock.produce(TOPIC, [click(1), click(2)])
    drain(streamed)
    assert streamed.outcomes("web") == ["applied", "duplicate", "applied"]
    assert streamed.run()["status"] == "succeeded"


@pytest.mark.slow
def test_the_ledger_has_a_line_for_each_batch_with_the_run_that_brought_it(streamed, mock):
    mock.produce(TOPIC, [click(1), click(2)], partition=1)
    drain(streamed)
    assert streamed.sql(
        "select file, rows, loads.status, command, runs.status from raw.loads "
        "inner join ops.runs on runs.run_id = loads.run_id"
    ) == [("web/kafka/clicks/1@0", 2, "landed", "stream", "succeeded")]
    story = questions.why(streamed.project, Question(file="web/kafka/clicks/1@0", row_number=2))
    assert [record["key"] for record in story["records"]] == ["clk-2"]


@pytest.mark.slow
def test_why_answers_for_an_offset_of_the_topic(streamed, mock):
    mock.produce(TOPIC, [click(1), b"{", click(2)], partition=3)
    drain(streamed)
    for asked, key in (("clicks/3@0", "clk-1"), ("web/kafka/clicks/3@2", "clk-2")):
        story = questions.why(streamed.project, parse_question(asked, None))
        assert [record["key"] for record in story["records"]] == [key]
    story = questions.why(streamed.project, parse_question("clicks/3@1", None))
    assert [record["record"] for record in story["records"]] == ["{"]
    assert questions.why(streamed.project, parse_question("clicks/3@9", None))["records"] == []
    mock.produce(TOPIC, [click(3, event_id="clicks/3@9")])
    drain(streamed)
    story = questions.why(streamed.project, parse_question("clicks/3@9", None))
    assert [record["key"] for record in story["records"]] == ["clicks/3@9"]


@pytest.mark.slow
def test_the_receipt_tells_lag_rate_and_latency(streamed, mock):
    mock.produce(TOPIC, [click(number) for number in range(6)])
    drain(streamed)
    part = questions.report(streamed.project, None)["streams"]["web"]
    assert part["lag"] == {"0": 0, "1": 0, "2": 0, "3": 0}
    assert (part["batches"], part["records"], part["records_per_second"]) == (1, 6, 0.1)
    assert part["latency_ms"]["p50"] > 0
    assert part["last_event"] is None


@pytest.mark.slow
def test_the_broker_is_told_what_has_landed(streamed, mock):
    mock.produce(TOPIC, [click(1), click(2)], partition=1)
    drain(streamed)
    consumer = mock.consumer(group_id="hub")
    committed = consumer.committed([TopicPartition(TOPIC, 1)], timeout=10)
    consumer.close()
    assert [place.offset for place in committed] == [2]


@pytest.mark.slow
def test_a_row_that_does_not_repeat_its_message_keeps_the_batch_out(streamed, mock, monkeypatch):
    mock.produce(TOPIC, [click(1), click(2)])
    insert = batch.insert_rows

    def drop_the_last(connection, source, load_id, last, records, problems, positions):
        insert(connection, source, load_id, last, records[:-1], problems[:-1], positions[:-1])

    monkeypatch.setattr(batch, "insert_rows", drop_the_last)
    with pytest.raises(HubError, match="do not repeat the 2 messages"):
        drain(streamed)
    assert streamed.sql("select count(*) from raw.web") == [(0,)]
    assert streamed.sql("select count(*) from ops.stream_offsets where next_offset > 0") == [(0,)]
    monkeypatch.undo()
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", mock.bootstrap_servers)
    monkeypatch.chdir(streamed.root)
    assert drain(streamed) == 2


def test_a_commit_that_succeeded_unheard_lands_nothing_twice(bench):
    from loader.stream.messages import Message as Taken
    from loader.warehouse.connection import open_warehouse
    from loader.warehouse.run_log import start_run

    source = bench.project.sources["web"]
    taken = [Taken(0, offset, click(offset), None, None, []) for offset in range(3)]
    with open_warehouse(bench.project) as connection:
        run_id = start_run(connection, "stream", [], None)
        offsets, landed = batch.land_batch(connection, source, TOPIC, taken[:2], {}, {}, run_id)
        assert (offsets, landed.records) == ({0: 2}, 2)
        offsets, landed = batch.land_batch(connection, source, TOPIC, taken, {}, {}, run_id)
        assert (offsets, landed.records) == ({0: 3}, 1)
        offsets, landed = batch.land_batch(connection, source, TOPIC, taken, {}, {}, run_id)
        assert (offsets, landed) == ({0: 3}, None)
        assert connection.execute("select count(*) from raw.web").fetchall() == [(3,)]


@pytest.mark.slow
def test_offsets_below_the_start_of_the_log_are_told_and_by_default_an_error(streamed, mock):
    mock.produce(TOPIC, [click(number) for number in range(3)])
    drain(streamed)
    mock.produce(TOPIC, [click(number) for number in range(3, 9)])
    mock.delete_records(TOPIC, 0, 6)

    with pytest.raises(HubError, match="offset 3 of partition 0 is not in the log"):
        drain(streamed)

    assert streamed.sql("select count(*) from raw.web") == [(3,)]
    assert streamed.sql("select event from ops.stream_events") == [("offsets lost",)]
    checks = {finding.check: finding for finding in health.doctor(streamed.project)}
    assert checks["streams"].status == "warn"
    assert "offsets lost" in checks["streams"].detail


@pytest.mark.nightly
def test_a_tombstone_deletes_the_key_of_its_message(own_project, mock):
    mock.create_topic(TOPIC, 1)
    read_from(own_project, mock, key_from="key")
    at_nine = 1736931600000  # when the clicks happen, in the milliseconds of a broker
    mock.produce(TOPIC, [click(1), click(2), click(3)])
    drain(own_project)
    mock.produce(
        TOPIC,
        [
            Message(None, key=b"clk-1", timestamp=at_nine + 60_000),
            Message(None, key=b"clk-2", timestamp=at_nine),
            Message(None, timestamp=at_nine + 60_000),
            click(1, user_id="u-2"),
        ],
    )
    assert drain(own_project) == 4

    # clk-2 was clicked after the moment of its tombstone; an older click brings clk-1 not back
    assert own_project.sql("select event_id from marts.clicks order by 1") == [
        ("clk-2",),
        ("clk-3",),
    ]
    assert own_project.outcomes() == [
        *["applied"] * 3,
        *["applied", "outdated", "rejected", "superseded"],
    ]
    # one that names no key deletes nothing
    assert own_project.sql("select error, record from ops.dead_letters") == [
        ("missing_event_id", None)
    ]
    mock.produce(TOPIC, [click(1, event_timestamp="2025-01-15T09:02:00Z")])
    drain(own_project)
    assert own_project.sql("select user_id from marts.clicks where event_id = 'clk-1'") == [
        ("u-1",)
    ]


@pytest.mark.nightly
def test_lost_offsets_may_be_gone_on_from_the_earliest(own_project, mock):
    mock.create_topic(TOPIC, 1)
    read_from(own_project, mock, lost_offsets="earliest")
    mock.produce(TOPIC, [click(number) for number in range(3)])
    drain(own_project)
    mock.produce(TOPIC, [click(number) for number in range(3, 9)])
    mock.delete_records(TOPIC, 0, 6)
    assert drain(own_project) == 3
    assert own_project.sql("select event from ops.stream_events") == [("offsets lost",)]

    # a topic made anew begins at 0 again: its offsets are below those that landed
    mock.delete_topic(TOPIC)
    mock.create_topic(TOPIC, 1)
    mock.produce(TOPIC, [click(number) for number in range(20, 24)])
    assert drain(own_project) == 4
    assert own_project.sql("select count(*) from marts.clicks") == [(10,)]


@pytest.mark.nightly
def test_a_stream_may_begin_at_the_end(own_project, mock):
    mock.create_topic(TOPIC, 2)
    read_from(own_project, mock, start="latest")
    mock.produce(TOPIC, [click(1)])
    assert drain(own_project) == 0
    mock.produce(TOPIC, [click(2)])
    mock.produce(TOPIC, [click(3)], partition=1)
    assert drain(own_project) == 2


@pytest.mark.slow
def test_a_topic_that_does_not_exist_is_an_error(bench, mock, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", mock.bootstrap_servers)
    with pytest.raises(HubError, match="there is no topic 'clicks'"):
        drain(bench)


@pytest.mark.nightly
def test_a_failed_build_ends_once_and_loses_nothing(own_project, mock, monkeypatch):
    mock.create_topic(TOPIC, 1)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", mock.bootstrap_servers)
    mock.produce(TOPIC, [click(1)])
    drain(own_project)
    own_project.edit("models/marts/clicks.sql", "{{", "{{ no_such_macro() }} {{")
    mock.produce(TOPIC, [click(2)])
    with pytest.raises(HubError, match="the build failed"):
        drain(own_project)
    own_project.edit("models/marts/clicks.sql", "{{ no_such_macro() }} {{", "{{")
    drain(own_project)
    assert own_project.sql("select count(*) from marts.clicks") == [(2,)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bootstrap_servers": "a:1"}, "topic: it is missing"),
        ({"topic": TOPIC}, "bootstrap_servers: it is missing"),
        ({"topic": TOPIC, "bootstrap_servers": "a", "tpoic": 1}, "unknown key 'tpoic'"),
        ({"topic": TOPIC, "bootstrap_servers": "a", "start": "now"}, "unknown value 'now'"),
        ({"topic": TOPIC, "bootstrap_servers": "a", "batch_seconds": 0}, "a number, found 0"),
        (
            {"topic": TOPIC, "bootstrap_servers": "a", "security": {"sasl.password": "hunter2"}},
            "its value may be a secret",
        ),
        (
            {"topic": TOPIC, "bootstrap_servers": "a", "security": {"fetch.min.bytes": "1"}},
            "no property of the connection's security",
        ),
    ],
)
def test_wrong_settings_are_refused_in_one_line(own_project, settings, said):
    own_project.set_meta("web", kafka=settings)
    with pytest.raises(WrongUse) as error:
        own_project.project.require_sound()
    assert said in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_variable_that_is_not_set_is_named(bench, monkeypatch):
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with pytest.raises(WrongUse, match="KAFKA_BOOTSTRAP_SERVERS is not set"):
        drain(bench)


def test_only_sources_with_a_topic_can_be_streamed(bench):
    with pytest.raises(WrongUse, match="Known are web"):
        streaming.stream(bench.project, ("app",), once=True)
