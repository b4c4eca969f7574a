"""A source whose every file is its whole state: what a file lacks is deleted."""

from typing import Any

import pytest

from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow


def event(key: str, value: Any = 1, moment: str = "08:00") -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": f"2025-01-15T{moment}:00"}


@pytest.fixture
def full(own_project: Workbench) -> Workbench:
    """A project whose events are delivered in full."""
    own_project.set_meta("app", delivery="full")
    return own_project


def rows(bench: Workbench) -> dict[str, float]:
    return dict(bench.sql("select key, value from marts.events order by key"))


def full_refresh(bench: Workbench) -> None:
    result = bench.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert result.success, [each.message for each in result.result if each.status != "success"]


def test_keys_that_the_newest_file_lacks_are_deleted(full: Workbench) -> None:
    full.drop("app/1.ndjson", [event("a"), event("b"), event("c")])
    full.run()
    full.drop("app/2.ndjson", [event("a"), event("c", 2, "07:00")])
    receipt = full.run()
    # the newest file says how it is, whatever time its records have
    assert rows(full) == {"a": 1, "c": 2}
    assert full.outcomes() == ["applied"] * 3 + ["duplicate", "applied"]
    assert receipt["entities"]["events"]["deleted"] == 1
    open_periods = "select key from marts.events_history where dbt_valid_to is null order by key"
    assert full.sql(open_periods) == [("a",), ("c",)]
    before = full.sql("select key, value, ts from marts.events order by key")
    full_refresh(full)
    assert full.sql("select key, value, ts from marts.events order by key") == before
    assert full.sql(open_periods) == [("a",), ("c",)]


@pytest.mark.nightly
def test_a_key_comes_back_with_the_file_that_has_it_again(full: Workbench) -> None:
    full.drop("app/1.ndjson", [event("a"), event("b")])
    full.drop("app/2.ndjson", [event("a")])
    full.drop("app/3.ndjson", [event("b"), event("a")])
    full.run()
    assert rows(full) == {"a": 1, "b": 1}
    # b is no duplicate of what it was before it was deleted
    assert full.outcomes() == ["applied", "superseded", "duplicate", "applied", "duplicate"]
    # the bytes of an older file are news where they are not the newest
    full.drop("app/4.ndjson", [event("a")])
    full.run()
    assert rows(full) == {"a": 1}
    full.drop("app/5.ndjson", [event("b"), event("a")])
    full.run()
    assert rows(full) == {"a": 1, "b": 1}


@pytest.mark.nightly
@pytest.mark.parametrize("second", [[], [event("a"), event(" ")]])
def test_a_file_that_does_not_name_all_its_keys_deletes_nothing(
    full: Workbench, second: list[dict[str, Any]]
) -> None:
    full.drop("app/1.ndjson", [event("a"), event("b")])
    full.run()
    full.drop("app/2.ndjson", second)
    receipt = full.run()
    assert rows(full) == {"a": 1, "b": 1}
    assert any("app/2.ndjson" in warning and "delete" in warning for warning in receipt["warnings"])


@pytest.mark.nightly
def test_a_record_that_is_rejected_keeps_its_key(full: Workbench) -> None:
    full.drop("app/1.ndjson", [event("a"), event("b")])
    full.run()
    full.drop("app/2.ndjson", [event("a"), event("b", "not a number")])
    full.run()
    assert rows(full) == {"a": 1, "b": 1}
    assert full.outcomes()[-1] == "rejected"


@pytest.mark.nightly
def test_many_files_in_one_run_are_taken_one_after_the_other(full: Workbench) -> None:
    full.drop("app/1.ndjson", [event("a"), event("b"), event("x", "no")])
    full.drop("app/2.ndjson", [event("a")])
    full.drop("app/3.ndjson", [event("a"), event("c")])
    full.drop("app/4.ndjson", [event("c"), event("b", 3)])
    full.run()
    assert rows(full) == {"b": 3, "c": 1}
    # b after the first file and a after the third; x was never there
    deleted = full.sql(
        "select record_key, load_id from ops.decisions where row_number is null order by load_id"
    )
    assert deleted == [("b", 2), ("a", 4)]
