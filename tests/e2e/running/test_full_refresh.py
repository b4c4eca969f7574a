"""Deciding again: everything under --full-refresh, single letters by a redrive."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

NOON = "2025-01-15T12:00:00"
DATA_ONLY = ("--exclude-resource-type", "unit_test")
BOTH = ("--select", "tag:events", "tag:orders", *DATA_ONLY)
EVENTS = ("--select", "tag:events", *DATA_ONLY)
RESULT = {
    "marts.events": "key, name, value, ts, source, record_id",
    "marts.orders": "order_id, status, updated_at, source, record_id",
    "marts.orders_reconciliation": "order_id, status, sources, differing_columns, status_by_source",
    "ops.dead_letters": "source, content_hash, record, reasons, error",
}
KEPT = {
    "ops.runs": "*",
    "ops.discards": "*",
    "ops.redrive_requests": "*",
    # of a state that stands, it is the run that applied the row last
    "marts.orders_history": "* exclude (run_id)",
    "marts.events_history": "* exclude (run_id)",
}


def event(key: Any, value: Any, moment: str = "08:00", name: str = "n") -> dict[str, Any]:
    return {"key": key, "name": name, "value": value, "ts": f"2025-01-15T{moment}:00"}


def build(bench: Workbench, *arguments: str) -> None:
    result = bench.dbt("build", *arguments)
    assert result.success, result.exception or [
        f"{each.node.name}: {each.message}"
        for each in result.result
        if each.status in ("error", "fail")
    ]


def result_of(bench: Workbench) -> dict[str, list[tuple[Any, ...]]]:
    """What any order of work must end in."""
    return {
        table: bench.sql(f"select {columns} from {table} order by all")
        for table, columns in RESULT.items()
    }


@pytest.fixture(scope="class")
def grown(shared_root: Path) -> Iterator[Workbench]:
    """Events and orders that came in three builds: repeats, ties, late ones, rejected ones."""
    with fresh_samples(shared_root) as bench:
        bench.land()
        build(bench, *BOTH)
        bench.drop(
            "app/2.ndjson",
            [
                event("evt-001", 1, "07:00", "earlier"),
                event("evt-002", 2, "08:05", "tie, greater or not"),
                event("", 10, "10:00", "orphan_event"),
                event("evt-006", 7, "13:00"),
                event("evt-007", 7, "13:00"),
                event("evt-007", 8, "13:00"),
                event(None, "x", "no time"),
            ],
        )
        bench.drop("alpha/2.json", [{"uid": "order_002", "data": "processing"}, {"uid": " "}])
        bench.land()
        build(bench, *BOTH)
        bench.drop("app/3.ndjson", [event("evt-001", 1, "09:00"), event("evt-007", 8, "13:00")])
        bench.drop("beta/3.json", [{"identifier": "order_003", "payload": "delivered"}])
        bench.drop("alpha/3.json", [{"uid": "order_001", "data": "new"}])
        bench.drop("alpha/4.json", [{"uid": "order_001", "data": {"status": "shipped"}}])
        bench.land()
        build(bench, *BOTH)
        bench.sql(
            "insert into ops.discards "
            "(entity, source, text_hash, reasons, record_id, discarded_at, discarded_by, reason) "
            "select letters.entity, letters.source, noted.text_hash, letters.reasons, "
            "letters.record_id, now(), 'mia', 'a test' from ops.dead_letters as letters "
            "inner join ops.dead_letter_log as noted on noted.record_id = letters.record_id "
            "where letters.source = 'alpha'"
        )
        bench.sql(
            "insert into ops.redrive_requests "
            "(entity, record_id, attempt, requested_at, completed_at) "
            "values ('events', 1, 2, now(), now())"
        )
        yield bench


class TestFullRefresh:
    def test_equals_the_incremental_result_and_keeps_what_was_never_built(
        self, grown: Workbench
    ) -> None:
        expected = result_of(grown)
        kept = {
            table: grown.sql(f"select {columns} from {table} order by all")
            for table, columns in KEPT.items()
        }
        assert len(expected["ops.dead_letters"]) == 4
        assert len(kept["marts.events_history"]) > len(expected["marts.events"])

        build(grown, "--full-refresh", *BOTH)

        assert result_of(grown) == expected
        for table, rows in kept.items():
            now = grown.sql(f"select {KEPT[table]} from {table} order by all")
            assert now[: len(rows)] == rows, table
            assert len(now) == len(rows) + (table == "ops.runs"), table
        assert grown.sql(
            "select count(*) from ops.dead_letters where status = 'discarded' and source = 'alpha'"
        ) == [(1,)]

    def test_decides_every_row_once_and_finishes_every_load(self, grown: Workbench) -> None:
        build(grown, "--full-refresh", *BOTH)

        landed = grown.sql(
            "select sum(rows) from raw.loads where source in ('app', 'alpha', 'beta')"
        )
        assert grown.sql("select count(*) from ops.decisions") == landed
        assert grown.sql("select distinct attempt from ops.decisions") == [(1,)]
        assert grown.sql(
            "select entity, part, count(*) from ops.completed_loads group by all order by all"
        ) == [
            ("events", "target", 3),
            ("orders", "reconciliation", 6),
            ("orders", "target", 6),
        ]

    @pytest.mark.nightly
    def test_after_a_build_with_nothing_to_do_it_is_the_same_again(self, grown: Workbench) -> None:
        expected = result_of(grown)
        build(grown, *BOTH)
        assert result_of(grown) == expected

        build(grown, "--full-refresh", *BOTH)

        assert result_of(grown) == expected

    @pytest.mark.nightly
    @pytest.mark.parametrize(
        ("part", "entity"),
        [
            ("events_decisions", "events"),
            ("int_events__checked", "events"),
            ("+orders", "orders"),
            ("int_orders__accepted+", "orders"),
        ],
    )
    def test_of_a_part_of_a_chain_says_what_to_select(
        self, grown: Workbench, part: str, entity: str
    ) -> None:
        before = result_of(grown)

        result = grown.dbt("build", "--full-refresh", "--select", part, *DATA_ONLY)

        assert not result.success
        said = str(result.exception) + "".join(str(each.message) for each in result.result or [])
        assert f"--select tag:{entity} --full-refresh" in said
        assert result_of(grown) == before

    @pytest.mark.nightly
    def test_stopped_after_the_decisions_is_completed_by_the_next_run(
        self, grown: Workbench
    ) -> None:
        expected = result_of(grown)
        # decisions are new and no load is finished, but the projections are still the old ones
        grown.sql("delete from ops.completed_loads where entity in ('events', 'orders')")
        grown.sql("update marts.events set name = 'stale', record_id = 1 where key = 'evt-006'")
        for target in ("events", "orders", "orders_reconciliation"):
            key = "key" if target == "events" else "order_id"
            grown.sql(
                f"insert into marts.{target} select * replace ('gone' as {key}, -1 as key_hash) "
                f"from marts.{target} limit 1"
            )

        build(grown, *BOTH)

        assert result_of(grown) == expected
        assert grown.sql("select count(*) from ops.completed_loads where part = 'target'") == [(9,)]

    @pytest.mark.nightly
    def test_with_adapt_off_is_refused(self, grown: Workbench) -> None:
        before = result_of(grown)

        result = grown.dbt("build", "--full-refresh", *BOTH, "--vars", "skip: [adapt]")

        assert not result.success
        assert result_of(grown) == before


class TestRedriveRequests:
    """Requests written by hand, after the adapter learned to read a decimal comma."""

    @pytest.fixture
    def redriven(self, own_project: Workbench) -> Workbench:
        own_project.set_meta("app", late="skip")
        own_project.drop(
            "app/1.ndjson",
            [
                event("applied", "1,5", "07:00"),
                event("outdated", "2,5", "07:00"),
                event("outdated", 9, "09:00"),
                event("duplicate", "3,5", "07:00"),
                event("duplicate", 3.5, "07:00"),
                event("rejected", "four", "07:00"),
                event("not asked for", "5,5", "07:00"),
            ],
        )
        own_project.land()
        build(own_project, *EVENTS)
        own_project.edit(
            "models/staging/app/stg_app__events.sql",
            "{{ json_text('value') }} as value",
            "replace({{ json_text('value') }}, ',', '.') as value",
        )
        own_project.sql(
            "insert into ops.redrive_requests (entity, record_id, attempt, requested_at) "
            "select entity, record_id, 2, now() from ops.dead_letters where row_number < 7"
        )
        own_project.land()
        build(own_project, *EVENTS)
        return own_project

    @pytest.mark.nightly
    def test_end_applied_outdated_duplicate_or_still_rejected_and_are_idempotent(
        self, redriven: Workbench
    ) -> None:
        letters = (
            "select record_key, attempts, last_outcome, status from ops.dead_letters order by 1"
        )
        after = [
            ("applied", 2, "applied", "resolved"),
            ("duplicate", 2, "outdated", "resolved"),
            ("not asked for", 1, "rejected", "open"),
            ("outdated", 2, "outdated", "resolved"),
            ("rejected", 2, "rejected", "open"),
        ]
        target = [("applied", 1.5), ("duplicate", 3.5), ("outdated", 9.0)]
        assert redriven.sql(letters) == after
        assert redriven.sql("select key, value from marts.events order by 1") == target
        # no redriven row is late, though all lie before the watermark of a source that skips
        assert "late" not in redriven.outcomes()
        # the first decisions stand as they were written
        assert redriven.sql(
            "select outcome, count(*) from ops.decisions where attempt = 1 group by 1 order by 1"
        ) == [("applied", 2), ("rejected", 5)]
        assert redriven.sql(
            "select record_key, list(step order by attempt, step_number) from ops.lineage "
            "where record_id in (select record_id from ops.dead_letters) group by 1 order by 1"
        ) == [
            ("applied", ["reject", "redrive", "stage", "load"]),
            ("duplicate", ["reject", "redrive", "stage", "guard"]),
            ("not asked for", ["reject"]),
            ("outdated", ["reject", "redrive", "stage", "guard"]),
            ("rejected", ["reject", "redrive", "reject"]),
        ]
        assert redriven.sql(
            "select count(*) from ops.redrive_requests where completed_at is null"
        ) == [(0,)]

        # the same requests once more change nothing
        decisions = redriven.sql("select * from ops.decisions order by all")
        redriven.sql("update ops.redrive_requests set completed_at = null")
        build(redriven, *EVENTS)

        assert redriven.sql("select * from ops.decisions order by all") == decisions
        assert redriven.sql(letters) == after
        assert redriven.sql("select key, value from marts.events order by 1") == target

        # a rebuild reads all rows with the fixed adapter
        build(redriven, "--full-refresh", *EVENTS)

        assert redriven.sql("select key, value from marts.events order by 1") == [
            ("applied", 1.5),
            ("duplicate", 3.5),
            ("not asked for", 5.5),
            ("outdated", 9.0),
        ]
        assert redriven.sql("select record_key, status from ops.dead_letters") == [
            ("rejected", "open")
        ]
        assert redriven.sql("select count(*) from ops.redrive_requests") == [(4,)]
