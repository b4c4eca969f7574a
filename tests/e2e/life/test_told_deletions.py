"""What readers are told of deletions: receipt, lineage, explanation, outcomes; and of ties."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hub.commands import questions
from hub.queries.explain import Question
from hub.text.explanation import render_explanation
from hub.text.receipt import render_receipt
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Told:
    """Three runs over events of which some are deletions, and the receipts of the last two."""

    bench: Workbench
    second: dict[str, Any]
    third: dict[str, Any]


def event(key: str, name: str = "n", hour: int = 8) -> dict[str, Any]:
    return {"key": key, "name": name, "value": 1, "ts": f"2025-01-15T{hour:02}:00:00"}


def deletion(key: str, hour: int) -> dict[str, Any]:
    """A deletion needs its key and its time only."""
    return {"key": key, "name": "gone", "ts": f"2025-01-15T{hour:02}:00:00"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    root = tmp_path_factory.mktemp("deletions")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.edit(
            "macros/contracts/events.sql",
            "'history': true,",
            "'history': true, 'deleted_when': {'column': 'name', 'values': ['gone']},",
        )
        bench.drop("app/1.ndjson", [event("a"), event("b"), event("tied", "one")])
        bench.run()
        bench.drop(
            "app/2.ndjson",
            [
                deletion("a", 9),
                deletion("unknown", 9),
                deletion("b", 7),
                deletion("b", 9),
                event("b", "back", 10),
                event("tied", "other"),
            ],
        )
        second = bench.run()
        bench.drop("app/3.ndjson", [event("a", "older", 7)])
        third = bench.run()
        assert (second["errors"], third["errors"]) == ([], [])
        yield Told(bench, second, third)


def test_deletions_count_as_loaded_and_apart(told: Told) -> None:
    part = told.second["entities"]["events"]
    assert (part["input_records"], part["loaded"], part["deleted"]) == (6, 5, 3)
    assert part["outcomes"]["outdated"] == 1
    assert told.second["sources"]["app"]["deleted"] == 3
    assert part["target_rows"] == 2
    assert "\ndeletions: events 3\n" in render_receipt(told.second)
    assert told.third["entities"]["events"]["deleted"] == 0
    assert "deletions" not in render_receipt(told.third)


def test_the_lineage_of_a_deletion_ends_in_delete_or_guard(told: Told) -> None:
    assert told.bench.sql(
        "select record_key, step, detail from ops.lineage where load_id = 2 and step <> 'stage' "
        "and row_number <= 4 order by row_number"
    ) == [
        ("a", "delete", "deleted its key, which record 10000000001 held"),
        ("unknown", "delete", "deleted its key, which held nothing"),
        ("b", "guard", "not newer than record 10000000002"),
        ("b", "delete", "overtaken in its own run by record 20000000005"),
    ]
    assert told.second["entities"]["events"]["lineage"] == {
        "stage": 9,
        "load": 5,
        "delete": 3,
        "guard": 1,
    }


def test_a_deletion_is_explained(told: Told) -> None:
    story = questions.why(told.bench.project, Question(key="a"))
    assert [
        (record["decisions"][0]["is_deletion"], record["decisions"][0]["explanation"])
        for record in story["records"]
    ] == [
        (False, "it became the row of its key"),
        (True, "it deleted its key, which had been held by record 10000000001 (app/1.ndjson:1)"),
        (False, "not newer than record 20000000001 (app/2.ndjson:1)"),
    ]
    assert not any(record["is_current"] for record in story["records"])
    assert "it is the row of its key" not in render_explanation(story)


def test_what_counts_as_current_is_what_the_target_holds(told: Told) -> None:
    current = told.bench.sql("select record_id from ops.record_explanations where is_current")
    assert sorted(current) == told.bench.sql("select record_id from marts.events order by 1")


def test_the_outcome_of_a_record_says_whether_it_deletes(told: Told) -> None:
    assert told.bench.sql(
        "select record_key, outcome from ops.record_outcomes where is_deletion order by record_id"
    ) == [("a", "applied"), ("unknown", "applied"), ("b", "outdated"), ("b", "superseded")]


def test_ties_are_warned_of(told: Told) -> None:
    assert [text for text in told.second["warnings"] if "is_tie" in text] == [
        "app: 1 records have the key and the time of another with other content: "
        "see is_tie in ops.record_outcomes"
    ]
    assert not [text for text in told.third["warnings"] if "is_tie" in text]
