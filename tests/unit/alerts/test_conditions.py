"""Each kind of rule begins and ends with what the warehouse holds."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from hub.alerts.watch import current_alerts, evaluate
from loader.config.project import Project
from loader.warehouse.connection import open_warehouse
from loader.warehouse.run_log import end_run, start_run

NOW = datetime.now(UTC)


@pytest.fixture
def connection(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(project) as opened:
        yield opened


@pytest.fixture
def judge(
    project: Project, connection: duckdb.DuckDBPyConnection
) -> Callable[..., list[tuple[str, str]]]:
    """The rule, and the source or the entity, of each alert that lasts."""

    def judged(now: datetime = NOW) -> list[tuple[str, str]]:
        return [(alert.rule, alert.subject) for alert in evaluate(connection, project, now)]

    return judged


def run(
    connection: duckdb.DuckDBPyConnection,
    command: str = "run",
    *,
    fails: bool = False,
    counts: dict[tuple[str, str | None, str], int] | None = None,
    ago: timedelta = timedelta(0),
) -> str:
    """Log a run, with what it counted: (entity, source, measure) -> amount."""
    run_id = start_run(connection, command, [], None)
    if ago:
        earlier = f"{NOW.replace(tzinfo=None) - ago:%Y%m%dT%H%M%S%f}"[:18] + run_id[18:]
        connection.execute("update ops.runs set run_id = ? where run_id = ?", [earlier, run_id])
        run_id = earlier
    for (entity, source, measure), amount in (counts or {}).items():
        connection.execute(
            "insert into ops.run_counts (run_id, entity, source, measure, amount) "
            "values (?, ?, ?, ?, ?)",
            [run_id, entity, source, measure, amount],
        )
    end_run(
        connection,
        run_id,
        errors=["events_decisions: s3cret record"] if fails else [],
        warnings=[],
        build_state=None,
    )
    return run_id


def of_app(accepted: int, rejected: int, source: str = "app") -> dict[Any, int]:
    return {("events", source, "applied"): accepted, ("events", source, "rejected"): rejected}


def test_quality_is_that_of_the_newest_run_that_decided_some(connection, write_rules, judge):
    write_rules(q={"when": "quality_under", "threshold": 0.9})
    run(connection, counts=of_app(8, 2))
    assert judge() == [("q", "app")]
    run(connection)  # has nothing of app
    assert judge() == [("q", "app")]
    run(connection, counts=of_app(9, 1))
    assert judge() == []
    run(connection, counts=of_app(0, 1))
    assert judge() == [("q", "app")]


def test_of_a_stream_the_batches_of_some_time_count_together(connection, write_rules, project):
    sources = project.sources | {
        "app": SimpleNamespace(name="app", kafka=True, entity="events", http=None)
    }
    write_rules(q={"when": "quality_under", "threshold": 0.9, "stream_seconds": 3600})
    from dataclasses import replace

    streamed = replace(project, sources=sources)
    run(connection, "stream", counts=of_app(98, 1), ago=timedelta(seconds=30))
    run(connection, "stream", counts=of_app(0, 1))
    assert evaluate(connection, streamed, NOW) == []
    run(connection, "stream", counts=of_app(0, 20))
    assert [alert.rule for alert in evaluate(connection, streamed, NOW)] == ["q"]


def test_only_the_chosen_sources_are_judged(connection, write_rules, judge):
    write_rules(q={"when": "quality_under", "threshold": 0.9, "sources": ["web"]})
    run(connection, counts=of_app(8, 2) | of_app(8, 2, "web"))
    assert judge() == [("q", "web")]


def test_freshness_ends_when_something_lands(connection, write_rules, judge):
    write_rules(f={"when": "freshness_over", "threshold": 3600})
    assert judge() == [], "of a source that never landed anything, nobody knows"
    land = (
        "insert into raw.loads (load_id, source, status, landed_at) values (?, 'web', 'landed', ?)"
    )
    connection.execute(land, [1, NOW - timedelta(hours=2)])
    run(connection)
    assert judge() == [("f", "web")]
    connection.execute(land, [2, NOW])
    run(connection)
    assert judge() == []
    assert judge(NOW + timedelta(hours=2)) == [("f", "web")], "and begins when nothing runs"


def test_lag_is_that_of_all_partitions(connection, write_rules, judge):
    write_rules(l={"when": "lag_over", "threshold": 100})
    for partition in (0, 1):
        connection.execute(
            "insert into ops.stream_offsets (source, topic, partition, next_offset, log_end) "
            "values ('web', 'clicks', ?, 10, 70)",
            [partition],
        )
    assert judge() == [("l", "web")]
    connection.execute("update ops.stream_offsets set next_offset = 30")
    assert judge() == []


def test_letters_grow_from_what_was_open_before(connection, write_rules, judge):
    write_rules(d={"when": "letters_growing", "threshold": 10, "within": 3600})
    open_letters = ("events", None, "dead letters open")
    run(connection, counts={open_letters: 50}, ago=timedelta(hours=2))
    run(connection, counts={open_letters: 60})
    assert judge() == []
    run(connection, counts={open_letters: 61})
    assert judge() == [("d", "events")]
    run(connection, counts={open_letters: 20})
    assert judge() == []


def test_a_run_failed_until_a_build_succeeds(connection, write_rules, judge, project):
    write_rules(once={"when": "run_failed"}, twice={"when": "run_failed", "threshold": 2})
    run(connection)
    assert judge() == []
    run(connection, fails=True)
    assert judge() == [("once", "")]
    run(connection, "land")
    assert judge() == [("once", "")], "to land is no build"
    run(connection, "pull", fails=True)
    assert judge() == [("once", "")], "of pulls, another rule tells"
    run(connection, fails=True)
    assert {rule for rule, _ in judge()} == {"once", "twice"}
    assert "s3cret" not in str(current_alerts(project)), "what failed may quote a record"
    run(connection, "build")
    assert judge() == []


def pulled(connection: duckdb.DuckDBPyConnection, status: str, source: str = "partner") -> None:
    run_id = run(connection, "pull", fails=status == "failed")
    connection.execute(
        "insert into ops.pull_outcomes (run_id, source, status) values (?, ?, ?)",
        [run_id, source, status],
    )


def test_pulls_that_failed_in_a_row_open_the_circuit_of_their_source(
    connection, write_rules, judge
):
    write_rules(c={"when": "circuit_open", "threshold": 2})
    pulled(connection, "failed")
    pulled(connection, "complete")
    pulled(connection, "failed")
    pulled(connection, "complete", "plant")
    assert judge() == []
    pulled(connection, "failed")
    assert judge() == [("c", "partner")]
    pulled(connection, "complete")
    assert judge() == []


def test_the_circuit_of_a_stream_closes_with_its_recovery_or_its_next_batch(
    connection, write_rules, judge
):
    write_rules(c={"when": "circuit_open"})

    def happened(event: str, minute: int) -> None:
        connection.execute(
            "insert into ops.stream_events (source, event, detail, happened_at) "
            "values ('web', ?, '', ?)",
            [event, NOW + timedelta(minutes=minute)],
        )

    happened("failed", 0)
    assert judge() == []
    happened("circuit open", 1)
    happened("failed", 2)
    assert judge() == [("c", "web")]
    happened("recovered", 3)
    assert judge() == []
    happened("circuit open", 4)
    assert judge() == [("c", "web")]
    connection.execute(
        "insert into ops.stream_batches (source, built_at) values ('web', ?)",
        [NOW + timedelta(minutes=5)],
    )
    assert judge() == []


def test_the_disk_is_that_of_the_warehouse(write_rules, judge, monkeypatch):
    write_rules(d={"when": "disk_over", "threshold": 0.9})
    usage = SimpleNamespace(total=100, used=85, free=5)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert judge() == [("d", "")], "what is kept for the system is not free"
    usage.free = 15
    assert judge() == []


def test_a_rule_that_is_taken_out_ends_its_alerts(connection, write_rules, judge):
    write_rules(r={"when": "run_failed"})
    run(connection, fails=True)
    assert judge() == [("r", "")]
    write_rules()
    assert judge() == []


def test_a_rule_that_cannot_be_judged_keeps_its_alerts_and_stops_no_other(
    connection, write_rules, judge, caplog
):
    """In a warehouse of an older version, or where an entity is broken."""
    write_rules(c={"when": "circuit_open", "threshold": 1}, r={"when": "run_failed"})
    pulled(connection, "failed")
    assert judge() == [("c", "partner")]
    connection.execute("drop table ops.pull_outcomes")
    run(connection, fails=True)
    assert sorted(judge()) == [("c", "partner"), ("r", "")]
    assert "the alert c was not judged" in caplog.text


def test_what_is_judged_is_read_only(project, connection, write_rules):
    run(connection, fails=True)
    connection.close()
    write_rules(r={"when": "run_failed"})
    before = project.database.read_bytes()
    with duckdb.connect(str(project.database), read_only=True) as reader:
        assert [alert.rule for alert in evaluate(reader, project, NOW)] == ["r"]
    assert project.database.read_bytes() == before


def test_the_state_is_plain_json(project, connection, write_rules):
    write_rules(r={"when": "run_failed", "severity": "critical"})
    run(connection, fails=True)
    evaluate(connection, project, NOW)
    state = json.loads((project.root / "warehouse.duckdb.alerts.json").read_text())
    assert [alert["severity"] for alert in state["alerts"]] == ["critical"]
