"""A record that takes its key out of the target, and what becomes of the key then."""

from typing import Any

import pytest

from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

OP = "'op': {'type': 'string', 'description': 'What the source did.'},"


def event(key: str, moment: str, value: Any = 1, op: str | None = None) -> dict[str, Any]:
    record = {"key": key, "name": "n", "value": value, "ts": f"2025-01-15T{moment}:00"}
    return record | ({"op": op} if op else {})


@pytest.fixture
def deleting(own_project: Workbench) -> Workbench:
    """A project whose events, and orders, may say that they are deleted."""
    for entity, adapters in {
        "events": ("app",),
        "orders": ("alpha", "beta"),
    }.items():
        own_project.edit(
            f"macros/contracts/{entity}.sql",
            "        'columns': {",
            "        'deleted_when': {'column': 'op', 'values': ['D', 'delete']},\n"
            f"        'columns': {{\n            {OP}",
        )
        for source in adapters:
            own_project.edit(
                f"models/staging/{source}/stg_{source}__{entity}.sql",
                "{{ record_identity() }},",
                "{{ record_identity() }},\n    {{ json_text('op') }} as op,",
            )
    from hub.scaffold.__main__ import main

    main()
    return own_project


def keys(bench: Workbench) -> list[str]:
    return [key for (key,) in bench.sql("select key from marts.events order by key")]


def full_refresh(bench: Workbench) -> None:
    result = bench.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert result.success, [each.message for each in result.result if each.status != "success"]


def test_a_deletion_needs_its_key_and_time_only_and_empties_the_key(deleting: Workbench) -> None:
    deleting.drop("app/1.json", [event("e1", "08:00"), event("e2", "08:00")])
    deleting.run()
    deleting.drop("app/2.json", [{"key": "e1", "ts": "2025-01-15T09:00:00", "op": "D"}])
    receipt = deleting.run()
    assert keys(deleting) == ["e2"]
    assert deleting.outcomes() == ["applied"] * 3
    assert receipt["entities"]["events"]["loaded"] == 1
    assert receipt["entities"]["events"]["deleted"] == 1
    assert deleting.sql(
        "select step from ops.lineage where row_number = 1 and file = 'app/2.json' "
        "order by step_number"
    ) == [("stage",), ("delete",)]
    ended = deleting.sql("select key, dbt_valid_to is null from marts.events_history order by key")
    assert ended == [("e1", False), ("e2", True)]


@pytest.mark.nightly
def test_a_deletion_without_its_key_is_rejected(deleting: Workbench) -> None:
    deleting.drop("app/1.json", [{"key": " ", "ts": "2025-01-15T09:00:00", "op": "delete"}])
    deleting.run()
    assert deleting.sql("select outcome, reasons from ops.record_outcomes") == [
        ("rejected", ["missing_key"])
    ]


def test_an_older_record_that_comes_late_does_not_bring_the_key_back(deleting: Workbench) -> None:
    deleting.drop("app/1.json", [event("e1", "08:00"), event("e1", "10:00", op="D")])
    deleting.run()
    assert deleting.outcomes() == ["superseded", "applied"]
    deleting.drop("app/2.json", [event("e1", "09:00", 2)])
    deleting.run()
    assert deleting.outcomes()[-1] == "outdated"
    assert keys(deleting) == []


@pytest.mark.nightly
def test_a_key_that_is_deleted_and_sent_again_lives(deleting: Workbench) -> None:
    deleting.drop("app/1.json", [event("e1", "08:00")])
    deleting.drop("alpha/1.ndjson", [{"uid": "o1", "data": "new"}])
    deleting.run()
    deleting.drop("app/2.json", [event("e1", "08:00", op="D")])
    deleting.drop("alpha/2.ndjson", [{"uid": "o1", "op": "D"}])
    deleting.run()
    assert keys(deleting) == []
    assert deleting.sql("select * from marts.orders") == []
    # the same content as before the deletion is no duplicate of it
    deleting.drop("app/3.json", [event("e1", "08:00") | {"more": 1}])
    deleting.drop("alpha/3.ndjson", [{"uid": "o1", "data": "new", "more": 1}])
    deleting.run()
    assert deleting.outcomes() == ["applied"] * 6
    assert keys(deleting) == ["e1"]
    before = deleting.sql("select key, value, ts from marts.events")
    full_refresh(deleting)
    assert deleting.sql("select key, value, ts from marts.events") == before
    assert deleting.outcomes("app") == ["superseded", "superseded", "applied"]


@pytest.mark.nightly
def test_a_deletion_that_is_sent_twice_is_a_duplicate(deleting: Workbench) -> None:
    deleting.drop("app/1.json", [event("e1", "08:00"), event("e1", "09:00", op="D")])
    deleting.run()
    deleting.drop("app/2.json", [event("e1", "09:00", op="D"), event("e1", "09:00", op="D")])
    deleting.run()
    assert deleting.outcomes()[2:] == ["duplicate", "duplicate"]
    deleting.drop("app/3.json", [event("e1", "10:00"), event("e1", "09:00", op="D")])
    deleting.run()
    assert deleting.outcomes()[4:] == ["applied", "duplicate"]
    assert keys(deleting) == ["e1"]


@pytest.mark.nightly
def test_a_source_that_deleted_the_key_is_silent_in_reconciliation(deleting: Workbench) -> None:
    deleting.drop("alpha/1.ndjson", [{"uid": "o1", "data": "new"}, {"uid": "o2", "data": "new"}])
    deleting.drop("beta/1.ndjson", [{"identifier": "o1", "payload": "new"}])
    deleting.run()
    statuses = "select order_id, status, sources from marts.orders_reconciliation order by 1"
    assert deleting.sql(statuses)[0] == ("o1", "matched", ["alpha", "beta"])
    deleting.drop("alpha/2.ndjson", [{"uid": "o1", "op": "D"}, {"uid": "o2", "op": "D"}])
    deleting.run()
    assert deleting.sql(statuses) == [("o1", "single_source", ["beta"])]
    full_refresh(deleting)
    assert deleting.sql(statuses) == [("o1", "single_source", ["beta"])]
