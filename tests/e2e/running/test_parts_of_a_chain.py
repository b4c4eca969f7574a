"""A part of an entity's chain, built by a command of its own: the checked records of the command
before are gone, so they are checked again."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
WITHOUT_KEY = {**EVENT, "key": ""}
DATA_ONLY = ("--exclude-resource-type", "unit_test")


def events(bench: Workbench) -> list[tuple[Any, ...]]:
    return bench.sql("select key, value from marts.events order by 1")


def is_finished(bench: Workbench) -> bool:
    return bool(bench.sql("select 1 from ops.completed_loads where entity = 'events'"))


@pytest.mark.nightly
def test_each_model_by_a_command_of_its_own_ends_as_one_build(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [EVENT, WITHOUT_KEY])
    bench.land()

    assert bench.dbt("run", "--select", "+int_events__checked").success
    assert not is_finished(bench)
    assert bench.dbt("run", "--select", "events_decisions").success
    assert bench.outcomes() == ["applied", "rejected"]
    assert not is_finished(bench)
    assert bench.dbt("build", "--select", "events", *DATA_ONLY).success

    assert events(bench) == [("k1", 1.0)]
    assert is_finished(bench)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "model", ["intermediate/int_events__checked", "ops/events_decisions", "marts/events"]
)
def test_retry_completes_what_failed(own_project: Workbench, model: str) -> None:
    bench = own_project
    bench.drop("app/a.ndjson", [EVENT, WITHOUT_KEY])
    bench.land()
    bench.edit(f"models/{model}.sql", "{{", "no sql {{")
    assert not bench.dbt("build", "--select", "tag:events", *DATA_ONLY).success
    assert not is_finished(bench)
    bench.edit(f"models/{model}.sql", "no sql {{", "{{")

    # dbt remembers within a process what was selected last
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "retry", "--quiet"], cwd=bench.root, check=True
    )

    assert bench.outcomes() == ["applied", "rejected"]
    assert events(bench) == [("k1", 1.0)]
    assert is_finished(bench)


@pytest.mark.nightly
def test_a_target_alone_finishes_nothing_that_is_not_decided(bench: Workbench) -> None:
    bench.drop("app/a.ndjson", [EVENT])
    bench.run()
    bench.drop("app/b.ndjson", [{**EVENT, "key": "k2"}])
    bench.land()

    result = bench.dbt("build", "--select", "events", *DATA_ONLY)

    assert not result.success
    failed = [each.node.name for each in result.result if each.status == "fail"]
    assert failed == ["accounts_for_every_record_events_events"]
    assert events(bench) == [("k1", 1.0)]
    bench.run()
    assert events(bench) == [("k1", 1.0), ("k2", 1.0)]


@pytest.mark.nightly
def test_a_target_alone_leaves_a_redrive_to_be_made(own_built: Workbench) -> None:
    bench = own_built
    bench.drop("app/a.ndjson", [EVENT, WITHOUT_KEY])
    bench.run()
    # under another contract, the record may be decided otherwise
    bench.edit("macros/contracts/events.sql", "'version': '1.0.0'", "'version': '1.0.1'")
    bench.sql(
        "insert into ops.redrive_requests (entity, record_id, attempt, requested_at) "
        "select 'events', record_id, 2, current_timestamp::timestamp from ops.events_decisions "
        "where outcome = 'rejected'"
    )
    waiting = "select count(*) from ops.redrive_requests where completed_at is null"

    assert bench.dbt("build", "--select", "events", *DATA_ONLY).success

    assert bench.sql(waiting) == [(1,)]
    bench.run()
    assert bench.sql(waiting) == [(0,)]
    assert bench.sql("select count(*) from ops.events_decisions where attempt = 2") == [(1,)]
