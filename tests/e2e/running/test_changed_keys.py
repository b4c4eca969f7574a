"""A receipt says how many keys of each target the run changed, and of which event times."""

from typing import Any

import pytest

from hub.text.receipt import render_receipt
from hub.text.run_lines import changed_keys
from tests.support.command_line import Command
from tests.support.workbench import Workbench

EVENTS = [
    {"key": "evt-900", "name": "new", "value": 1, "ts": "2025-01-15T07:00:00"},
    {"key": "evt-002", "name": "page_view", "value": 7, "ts": "2025-01-15T08:06:00"},
    # a repeat, and what is older than the row of its key, change nothing
    {"key": "evt-001", "name": "user_signup", "value": 1, "ts": "2025-01-15T08:00:00"},
    {"key": "evt-006", "name": "older", "value": 1, "ts": "2025-01-15T06:00:00"},
]
ORDERS = [{"uid": "o-1", "data": {"status": "shipped"}}]
SAME_ORDERS = [{"identifier": "o-1", "payload": {"status": "shipped"}}]
WITHDRAWN = "id,value,category\nm-004,,withdrawn\n"
TOLD = [
    "keys of events: 1 new, 1 changed, 0 unchanged, 0 deleted, "
    "of 2025-01-15T07:00:00.000 to 2025-01-15T08:06:00.000",
    "keys of measurements: 0 new, 0 changed, 0 unchanged, 1 deleted",
]


def changes(receipt: dict[str, Any]) -> dict[str, tuple[Any, ...] | None]:
    return {
        entity: part["changes"] and (*part["changes"].values(),)
        for entity, part in receipt["entities"].items()
    }


def test_new_changed_unchanged_and_deleted_keys_are_counted(
    after_run: Workbench, command: Command
) -> None:
    # a target that is built anew has nothing to be compared with
    assert {*changes(command("report", "--json").data).values()} == {None}

    after_run.drop("app/more.ndjson", EVENTS)
    after_run.drop("plant/withdrawn.csv", WITHDRAWN)
    after_run.drop("alpha/first.json", ORDERS)
    receipt = after_run.run()
    after_run.drop("beta/second.json", SAME_ORDERS)
    second = after_run.run()

    assert changes(receipt) == {
        "events": (1, 1, 0, 0, "2025-01-15T07:00:00.000", "2025-01-15T08:06:00.000"),
        "orders": (1, 0, 0, 0, None, None),
        "clicks": None,
        "measurements": (0, 0, 0, 1, None, None),
    }
    assert {*TOLD} <= {*render_receipt(receipt).splitlines()}
    # another source says the same of the key: its row is another one, and says what it did
    assert changes(second) == {
        **dict.fromkeys(["events", "clicks", "measurements"]),
        "orders": (0, 0, 1, 0, None, None),
    }
    # the receipt of an earlier run says what that one did
    earlier = command("report", "--json", "--run", receipt["run_id"]).data
    assert changes(earlier) == changes(receipt)


@pytest.mark.slow
def test_rows_that_a_killed_run_had_projected_are_unchanged(after_run: Workbench) -> None:
    after_run.drop("app/more.ndjson", EVENTS)
    after_run.run()
    # as if it had been killed before it could say that the load is completed
    after_run.sql(
        "delete from ops.completed_loads where load_id in (select max(load_id) from raw.app)"
    )

    assert changes(after_run.run())["events"] == (0, 0, 2, 0, None, None)


@pytest.mark.parametrize("found", [None, {"new_keys": 0, "deleted_keys": 0, "first_event": None}])
def test_where_no_key_was_touched_nothing_is_said(found: dict[str, Any] | None) -> None:
    assert list(changed_keys("events", {"changes": found})) == []
