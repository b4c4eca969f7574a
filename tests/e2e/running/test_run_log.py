"""The log of runs is written by the hub command and by dbt's hooks: it looks the same."""

import re

import pytest

from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow
_EVENT = {"id": "evt-1", "name": "login", "value": 1, "timestamp": "2025-01-15T08:00:00"}
_KILLED = (
    "insert into ops.runs (run_id, command, status, started_at, run_clock, skip) "
    "select 'killed', 'run', 'running', now()::timestamp, now()::timestamp, '[]'"
)


def test_a_run_looks_the_same_whoever_opened_it(unbuilt: Workbench) -> None:
    unbuilt.drop("app/one.json", [_EVENT])
    unbuilt.run()
    assert unbuilt.dbt("build", "--select", "tag:events").success

    runs = unbuilt.sql(
        "select command, run_id, status, started_at is null, ended_at is null, "
        "duration_ms >= 0, abs(date_diff('minute', run_clock, started_at)), skip, errors "
        "from ops.runs order by run_id"
    )

    assert [command for command, *_ in runs] == ["run", "build"]
    assert all(re.fullmatch(r"\d{8}T\d{9}-[0-9a-f]{8}", run_id) for _, run_id, *_ in runs)
    assert runs[0][2:] == runs[1][2:] == ("succeeded", False, False, True, 0, "[]", "[]")


def test_a_killed_run_is_closed_in_the_same_way_whoever_finds_it(bench: Workbench) -> None:
    found = []
    bench.run()
    for build in (bench.run, lambda: bench.dbt("build", "--select", "tag:events")):
        bench.sql(_KILLED)
        build()
        closed = "select status, ended_at > started_at, duration_ms, errors from ops.runs"
        found += bench.sql(f"{closed} where run_id = 'killed'")
        bench.sql("delete from ops.runs where run_id = 'killed'")

    assert found == [("interrupted", True, None, None)] * 2
