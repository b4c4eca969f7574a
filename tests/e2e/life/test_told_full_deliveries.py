"""What readers are told of files that are each the whole state: what they lack is deleted."""

from collections.abc import Iterator
from typing import Any

import pytest

from hub.commands import health, questions
from hub.queries.explain import Question
from hub.text.explanation import render_explanation
from tests.support.workbench import Workbench, copy_project, enter

Told = tuple[Workbench, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Five deliveries of orders, the third empty, the fourth with a row that has no key; and the
    receipts of their runs."""
    root = tmp_path_factory.mktemp("full")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        bench.set_vars(sources={**bench.project.vars.sources, "orders": ["alpha"]})
        bench.set_meta("alpha", delivery="full")
        a, b = {"uid": "a", "data": "x"}, {"uid": "b", "data": "x"}
        receipts = []
        for number, rows in enumerate([[a, b], [a], [], [{"uid": None, "data": "x"}], [b]], 1):
            bench.drop(f"alpha/{number}.json", rows)
            receipts.append(bench.run())
        assert [receipt["errors"] for receipt in receipts] == [[]] * 5
        yield bench, receipts


@pytest.mark.slow
class TestAnImpliedDeletion:
    def test_counts_as_loaded_and_is_no_record(self, told: Told) -> None:
        part = told[1][1]["entities"]["orders"]
        assert (part["input_records"], part["loaded"], part["deleted"]) == (1, 1, 1)
        assert part["target_rows"] == 1
        assert sum(part["outcomes"].values()) == 1
        assert told[0].sql(
            "select records, deleted, implied_deletions from ops.run_report where run_id = ?",
            told[1][1]["run_id"],
        ) == [(1, 1, 1)]

    def test_is_no_outcome_of_a_landed_row(self, told: Told) -> None:
        assert told[0].sql(
            "select count(*), count(row_number) from ops.record_outcomes where entity = 'orders'"
        ) == [(5, 5)]
        assert told[0].sql("select count(*) from ops.decisions where row_number is null") == [(2,)]

    def test_is_explained_by_the_file_that_lacks_its_key(self, told: Told) -> None:
        story = questions.why(told[0].project, Question(key="b"))
        first, deletion, last = story["records"]
        assert (deletion["file"], deletion["row_number"]) == ("alpha/2.json", None)
        assert deletion["decisions"][0]["explanation"] == (
            "the full delivery lacks its key: it deleted its key, which had been held by "
            "record 10000000002 (alpha/1.json:2)"
        )
        assert not first["is_current"]
        assert last["is_current"]
        assert "(alpha/2.json, a full delivery that lacks the key)" in render_explanation(story)

    def test_has_steps_in_the_lineage(self, told: Told) -> None:
        assert told[0].sql(
            "select step, detail from ops.lineage where record_key = 'b' and row_number is null "
            "order by step_number"
        ) == [
            ("stage", "the full delivery lacks its key"),
            ("delete", "deleted its key, which record 10000000002 held"),
        ]

    def test_leaves_the_warehouse_adding_up(self, told: Told) -> None:
        findings = {each.check: each.status for each in health.doctor(told[0].project)}
        assert (findings["raw = decisions"], findings["ledger = raw"]) == ("ok", "ok")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "warning"),
    [
        (3, "alpha/3.json: the full delivery is empty, so it deletes nothing"),
        (
            4,
            "alpha/4.json: the full delivery has rows whose key cannot be read, "
            "so it deletes nothing",
        ),
    ],
)
def test_a_delivery_that_deletes_nothing_is_warned_of(
    told: Told, number: int, warning: str
) -> None:
    found = [
        [text for text in receipt["warnings"] if "full delivery" in text] for receipt in told[1]
    ]
    assert found[number - 1] == [warning]
    assert sum(map(len, found)) == 2
