"""What becomes of dead letters without a redrive: resolved by later records, or left discarded."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hub.commands import dead_letters
from hub.queries.dead_letters import DeadLetterChoice
from tests.support.workbench import Workbench, copy_project, enter

HOUR = "2025-01-15T{:02}:00:00"


def event(key: str | None, value: Any = 1, hour: int | None = 8) -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": hour and HOUR.format(hour)}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Letters of every fate after: a run, a discard, better records, a rebuild, another contract
    under which the discarded texts come again."""
    root = tmp_path_factory.mktemp("fates")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        left = event("left", "x")
        again = {**event("again", "x"), "name": ""}
        bench.drop(
            "app/1.ndjson",
            [
                event("same-time", "x"),
                event("no-time", "x", None),
                event("newer-than-what-came", "x", 9),
                event(None),
                left,
                again,
            ],
        )
        bench.run()
        for key in ("left", "again"):
            ((record_id,),) = bench.sql(
                "select record_id from ops.dead_letters where record_key = ?", key
            )
            chosen = DeadLetterChoice(record_id=record_id)
            dead_letters.discard(bench.project, chosen, "mia", "a test")
        bench.drop(
            "app/2.ndjson",
            [
                event("same-time"),
                event("no-time", hour=7),
                event("newer-than-what-came"),
                event("left", hour=9),
                event("same-time", hour=10),
            ],
        )
        bench.run()
        bench.drop("app/3.ndjson", [left])
        bench.run()
        assert bench.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test").success
        contract = "macros/contracts/events.sql"
        bench.edit(
            contract, "'name': {'type': 'string', 'required': true", "'name': {'type': 'string'"
        )
        bench.drop("app/4.ndjson", [left, again])
        assert bench.run()["errors"] == []
        yield bench


def fate(bench: Workbench, key: str | None) -> tuple[Any, ...]:
    ((status, resolved_by),) = bench.sql(
        "select status, resolved_by from ops.dead_letters where record_key is not distinct from ?",
        key,
    )
    return status, resolved_by


@pytest.mark.slow
class TestALetter:
    def test_is_resolved_by_the_first_later_record_that_is_not_older(
        self, bench: Workbench
    ) -> None:
        assert fate(bench, "same-time") == ("resolved", 20000000001)

    def test_without_a_time_of_its_own_is_resolved_by_whatever_came_later(
        self, bench: Workbench
    ) -> None:
        assert fate(bench, "no-time") == ("resolved", 20000000002)

    def test_stays_open_where_only_older_records_came(self, bench: Workbench) -> None:
        assert fate(bench, "newer-than-what-came") == ("open", None)

    def test_without_a_key_stays_open(self, bench: Workbench) -> None:
        assert fate(bench, None) == ("open", None)

    def test_that_was_discarded_stays_so_for_the_same_reasons(self, bench: Workbench) -> None:
        assert fate(bench, "left") == ("discarded", None)

    def test_that_was_discarded_is_open_again_for_other_reasons(self, bench: Workbench) -> None:
        assert fate(bench, "again") == ("open", None)
        assert bench.sql(
            "select reasons from ops.dead_letters where record_key = 'again' "
            "union all select reasons from ops.discards where record_id = 10000000006"
        ) == [(["invalid_value"],), (["missing_name", "invalid_value"],)]

    def test_keeps_the_moment_at_which_it_was_first_seen(self, bench: Workbench) -> None:
        ((first_run,),) = bench.sql("select min(run_id) from ops.runs")
        assert bench.sql(
            "select distinct letters.run_id, letters.recorded_at = letters.first_seen, "
            "letters.recorded_at < runs.ended_at "
            "from ops.dead_letters as letters "
            "inner join ops.runs as runs on runs.run_id = letters.run_id"
        ) == [(first_run, True, True)]

    def test_knows_what_it_was_discarded_as(self, bench: Workbench) -> None:
        kept = bench.sql(
            "select discards.entity, discards.source, letters.record "
            "from ops.discards as discards inner join ops.dead_letters as letters "
            "on letters.text_hash = discards.text_hash where letters.record_key = 'left'"
        )
        assert kept == [("events", "app", json.dumps(event("left", "x")))]
