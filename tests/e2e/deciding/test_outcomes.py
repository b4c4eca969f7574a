"""What becomes of a record: one outcome each, the same whatever the order of arrival."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.workbench import Workbench, copy_project, enter

Record = dict[str, Any]


def event(key: str | None, ts: str | None, name: str = "a", value: Any = 1, **more: Any) -> Record:
    return {"key": key, "name": name, "value": value, "ts": ts and f"2025-01-15T{ts}:00", **more}


def click(event_id: str, user: str, page: str | None, product: str | None) -> Record:
    return {
        "event_id": event_id,
        "event_timestamp": "2025-01-15T08:00:00Z",
        "event_type": "search",
        "user_id": user,
        "page_url": page,
        "product_id": product,
    }


def order(uid: str | None, status: Any) -> Record:
    return {"uid": uid, "data": {"status": status}}


def beta_order(identifier: str, status: Any) -> Record:
    return {"identifier": identifier, "payload": {"status": status}}


RUNS: list[dict[str, Any]] = [
    {
        "app/1a.ndjson": [
            event("in-file", "08:00"),
            event("in-file", "08:00"),
            event("across-files", "08:00"),
            event("across-runs", "08:00"),
            event("reordered", "08:00"),
            {"ts": "2025-01-15T08:00:00", "value": 1, "name": "a", "key": "reordered"},
            event("unknown-field", "08:00"),
            event("unknown-field", "08:00", note="the adapter does not read it"),
            event("newer-first", "12:00", "new"),
            event("newer-first", "09:00", "old"),
            event("tie", "08:00", "a"),
            event("tie-in-a-run", "08:00", "a"),
            event("tie-in-a-run", "08:00", "b"),
            event("evt-003", "12:00", "purchase_updated"),
            event("three-runs", "09:00", "first"),
            event("returns", "08:00", "a"),
            event("null-time", "08:00"),
            event("rejected", "08:00", value="x"),
            event("rejected", "08:00", value="x"),
            event("rejected-otherwise", "08:00", value="x"),
            event("only-null-time", None),
        ],
        "app/1b.ndjson": [
            event("across-files", "08:00"),
            event("in-a-renamed-file", "08:00"),
        ],
        "web/1.ndjson": [
            click("pipe", "a", "bc", None),
            click("pipe", "ab", "c", None),
            click("null-or-empty", "a", None, "p"),
            click("null-or-empty", "a", "", "p"),
            click("shifted", "a", None, "p"),
            click("shifted", "a", "p", None),
            click("prefix", "a", "1:b", "c"),
            click("prefix", "a", "1", "b1:c"),
        ],
        "alpha/1.json": [
            order("one-file", "shipped"),
            order("one-file", "returned"),
            order("one-file", "shipped"),
            order("several-files", "shipped"),
            order("several-runs", "shipped"),
            order("again-at-once", "shipped"),
            order("again-at-once", "shipped"),
            order("thrice-at-once", "shipped"),
            order("thrice-at-once", "shipped"),
            order("thrice-at-once", "shipped"),
            order("again-in-a-later-run", "shipped"),
            order("two-sources", "shipped"),
            order("number-or-text", 1),
            order("number-or-text", "1"),
            order("key-order", {"a": 1, "b": {"c": [{"x": 1, "y": 2}], "d": None}}),
            order("key-order", {"b": {"d": None, "c": [{"y": 2, "x": 1}]}, "a": 1}),
            order("item-order", [1, 2]),
            order("item-order", [2, 1]),
            order("dotted-key", {"a": {"b": 1}}),
            order("dotted-key", {"a.b": 1}),
            order("empty", {"a": {}}),
            order("empty", {"a": []}),
            order("null-or-absent", {"a": 1, "b": None}),
            order("null-or-absent", {"a": 1}),
            order("null-or-word", {"a": None}),
            order("null-or-word", {"a": "null"}),
            order("long-number", {"n": 123456789012345678901234567890}),
            order("long-number", {"n": 123456789012345678901234567891}),
            order("written-into-text", {"a": "1", "b": "2"}),
            order("written-into-text", {"a": '1";$.b="2'}),
        ],
        "alpha/1b.json": [order("several-files", "returned")],
        "alpha/1c.json": [order("several-files", "shipped")],
        "beta/1.json": [beta_order("two-sources", "returned")],
    },
    {
        "app/2.ndjson": [
            event("across-runs", "08:00"),
            event("tie", "08:00", "b"),
            event("evt-003", "09:30", "purchase"),
            event("evt-003", "09:20", "earlier still"),
            event("three-runs", "10:00", "second"),
            event("three-runs", "09:50", "overtaken"),
            event("returns", "09:00", "b"),
            event("null-time", None, "no time"),
            event("rejected", "08:00", value="x"),
            {"ts": "2025-01-15T08:00:00", "value": "x", "name": "a", "key": "rejected-otherwise"},
        ],
        "app/1b-grown.ndjson": [
            event("across-files", "08:00"),
            event("in-a-renamed-file", "08:00"),
            event("old-but-new-here", "07:00"),
        ],
        "alpha/2.json": [
            order("several-runs", "returned"),
            order("again-in-a-later-run", "shipped"),
            order("two-sources", "shipped"),
        ],
    },
    {
        "app/3.ndjson": [
            event("three-runs", "09:30", "third"),
            event("three-runs", "09:50", "overtaken"),
            event("returns", "08:00", "a"),
            event("evt-003", "09:30", "purchase"),
        ],
        "alpha/3.json": [order("several-runs", "shipped")],
    },
]


def new_bench(root: Path, patch: pytest.MonkeyPatch) -> Workbench:
    copy_project(root)
    return enter(root, patch)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """All of RUNS, decided in three runs; each test looks at keys of its own."""
    with pytest.MonkeyPatch.context() as patch:
        bench = new_bench(tmp_path_factory.mktemp("forwards"), patch)
        for files in RUNS:
            for name, records in files.items():
                bench.drop(name, records)
            assert bench.run()["errors"] == []
            landed = bench.root / "landing" / "app" / "1b.ndjson"
            if landed.exists():
                landed.rename(landed.with_name("1b-renamed.ndjson"))
        return bench


@pytest.fixture(scope="module")
def backwards(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """The events and clicks of RUNS, the last first, in one file and run."""
    with pytest.MonkeyPatch.context() as patch:
        bench = new_bench(tmp_path_factory.mktemp("backwards"), patch)
        for source in ("app", "web"):
            records = [
                record
                for files in RUNS
                for name, listed in files.items()
                for record in listed
                if name.startswith(source)
            ]
            bench.drop(f"{source}/all.ndjson", records[::-1])
        assert bench.run()["errors"] == []
        return bench


def outcomes(bench: Workbench, key: str) -> list[str]:
    """The outcomes of a key's records in the order of arrival."""
    return [
        outcome
        for (outcome,) in bench.sql(
            "select outcome from ops.record_outcomes where record_key = ? order by record_id", key
        )
    ]


def rivals(bench: Workbench, key: str) -> list[int | None]:
    """For each record of a key the place, from 0, of the record of the key it repeats or lost to.

    None where it has no rival.
    """
    rows = bench.sql(
        "select record_id, other_record_id from ops.record_outcomes where record_key = ? "
        "order by record_id",
        key,
    )
    ids = [record_id for record_id, _ in rows]
    return [None if rival is None else ids.index(rival) for _, rival in rows]


def name_of(bench: Workbench, key: str) -> list[str]:
    return [name for (name,) in bench.sql("select name from marts.events where key = ?", key)]


def status_of(bench: Workbench, key: str) -> list[str]:
    return [
        status for (status,) in bench.sql("select status from marts.orders where order_id = ?", key)
    ]


def test_every_landed_row_has_one_outcome(decided: Workbench) -> None:
    [(landed,)] = decided.sql("select sum(rows) from raw.loads")
    [(rows, records)] = decided.sql(
        "select count(*), count(distinct record_id) from ops.record_outcomes"
    )
    assert landed == rows == records


@pytest.mark.parametrize("key", ["in-file", "across-runs"])
def test_the_same_content_again_is_a_duplicate(decided: Workbench, key: str) -> None:
    assert outcomes(decided, key) == ["applied", "duplicate"]
    assert rivals(decided, key) == [None, 0]


def test_the_same_content_in_another_file_is_a_duplicate(decided: Workbench) -> None:
    assert outcomes(decided, "across-files") == ["applied", "duplicate", "duplicate"]
    assert rivals(decided, "across-files") == [None, 0, 0]


@pytest.mark.parametrize("key", ["reordered", "unknown-field"])
def test_content_is_what_the_adapter_reads_not_how_it_is_written(
    decided: Workbench, key: str
) -> None:
    assert outcomes(decided, key) == ["applied", "duplicate"]


def test_the_same_content_as_an_overtaken_or_outdated_record_is_a_duplicate(
    decided: Workbench,
) -> None:
    assert outcomes(decided, "returns") == ["applied", "applied", "duplicate"]
    assert rivals(decided, "returns") == [None, 0, 0]
    assert name_of(decided, "returns") == ["b"]
    assert outcomes(decided, "evt-003")[-1] == "duplicate"
    assert rivals(decided, "evt-003")[-1] == 1


def test_of_several_repeats_in_a_row_each_names_the_one_that_counts(decided: Workbench) -> None:
    assert outcomes(decided, "thrice-at-once") == ["applied", "duplicate", "duplicate"]
    assert rivals(decided, "thrice-at-once") == [None, 0, 0]


def test_a_renamed_file_brings_nothing(decided: Workbench) -> None:
    assert decided.sql("select file from raw.loads where file = 'app/1b-renamed.ndjson'") == []
    assert outcomes(decided, "in-a-renamed-file") == ["applied", "duplicate"]


def test_of_a_file_that_grew_only_what_is_new_counts(decided: Workbench) -> None:
    rows = decided.sql(
        "select outcome from ops.record_outcomes where file = 'app/1b-grown.ndjson' "
        "order by row_number"
    )
    assert [outcome for (outcome,) in rows] == ["duplicate", "duplicate", "applied"]


@pytest.mark.parametrize("key", ["pipe", "null-or-empty", "shifted", "prefix"])
def test_a_digest_keeps_columns_and_nulls_apart(decided: Workbench, key: str) -> None:
    assert "duplicate" not in outcomes(decided, key)
    [(digests,)] = decided.sql(
        "select count(distinct content_hash) from ops.record_outcomes where record_key = ?", key
    )
    assert digests == 2


def test_nested_objects_with_other_key_order_are_the_same_content(decided: Workbench) -> None:
    assert outcomes(decided, "key-order") == ["applied", "duplicate"]


@pytest.mark.parametrize(
    "key",
    [
        "number-or-text",
        "item-order",
        "dotted-key",
        "empty",
        "null-or-absent",
        "null-or-word",
        "long-number",
        "written-into-text",
    ],
)
def test_nested_content_that_differs_is_no_duplicate(decided: Workbench, key: str) -> None:
    assert outcomes(decided, key) == ["superseded", "applied"]


def test_of_newer_then_older_in_one_batch_the_newer_stays(decided: Workbench) -> None:
    assert outcomes(decided, "newer-first") == ["applied", "superseded"]
    assert rivals(decided, "newer-first") == [None, 0]
    assert name_of(decided, "newer-first") == ["new"]


def test_an_older_record_does_not_overwrite(decided: Workbench) -> None:
    assert outcomes(decided, "evt-003")[:3] == ["applied", "outdated", "outdated"]
    assert rivals(decided, "evt-003")[:3] == [None, 0, 0]
    assert name_of(decided, "evt-003") == ["purchase_updated"]


def test_by_default_a_key_of_its_own_is_applied_however_old(decided: Workbench) -> None:
    assert outcomes(decided, "old-but-new-here") == ["applied"]


def test_over_three_runs_the_greatest_stays(decided: Workbench) -> None:
    assert outcomes(decided, "three-runs") == [
        "applied",
        "applied",
        "superseded",
        "outdated",
        "duplicate",
    ]
    assert rivals(decided, "three-runs") == [None, 0, 1, 1, 2]
    assert name_of(decided, "three-runs") == ["second"]


@pytest.mark.parametrize(
    ("key", "expected"), [("tie", [False, True]), ("tie-in-a-run", [True, True])]
)
def test_equal_time_with_other_content_is_flagged(
    decided: Workbench, key: str, expected: list[bool]
) -> None:
    ties = decided.sql(
        "select is_tie from ops.record_outcomes where record_key = ? order by record_id", key
    )
    assert [is_tie for (is_tie,) in ties] == expected
    assert "duplicate" not in outcomes(decided, key)


def test_a_repeat_is_no_tie(decided: Workbench) -> None:
    assert decided.sql(
        "select bool_or(is_tie) from ops.record_outcomes where record_key in ('in-file', 'evt-003')"
    ) == [(False,)]


@pytest.mark.nightly
def test_the_order_of_arrival_does_not_change_the_target(
    decided: Workbench, backwards: Workbench
) -> None:
    # of records of one source with the same time, the later one wins
    rows = (
        "select key, name, value, ts from marts.events where key not in "
        "(select record_key from ops.record_outcomes where is_tie) order by 1"
    )
    assert decided.sql(rows) == backwards.sql(rows)
    assert len(decided.sql(rows)) > 3


@pytest.mark.nightly
def test_the_order_of_arrival_does_not_change_the_letters(
    decided: Workbench, backwards: Workbench
) -> None:
    letters = (
        "select source, content_hash, record, reasons from ops.dead_letters "
        "where entity in ('events', 'clicks') order by all"
    )
    assert decided.sql(letters) == backwards.sql(letters)


def test_a_null_time_never_wins(decided: Workbench) -> None:
    assert outcomes(decided, "null-time") == ["applied", "rejected"]
    assert name_of(decided, "null-time") == ["a"]
    assert outcomes(decided, "only-null-time") == ["rejected"]
    assert name_of(decided, "only-null-time") == []


def test_the_repeat_of_a_rejected_record_is_a_duplicate(decided: Workbench) -> None:
    assert outcomes(decided, "rejected") == ["rejected", "duplicate", "duplicate"]
    assert rivals(decided, "rejected") == [None, 0, 0]


def test_a_rejected_record_in_other_words_is_rejected_anew(decided: Workbench) -> None:
    assert outcomes(decided, "rejected-otherwise") == ["rejected", "rejected"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("one-file", ["superseded", "superseded", "applied"]),
        ("several-files", ["superseded", "superseded", "applied"]),
        ("several-runs", ["applied", "applied", "applied"]),
    ],
)
def test_shipped_returned_shipped_ends_as_shipped(
    decided: Workbench, key: str, expected: list[str]
) -> None:
    assert outcomes(decided, key) == expected
    assert status_of(decided, key) == ["shipped"]


@pytest.mark.parametrize("key", ["again-at-once", "again-in-a-later-run"])
def test_without_event_time_the_latest_row_again_is_a_duplicate(
    decided: Workbench, key: str
) -> None:
    assert outcomes(decided, key) == ["applied", "duplicate"]
    assert rivals(decided, key) == [None, 0]


def test_a_repeat_is_judged_within_its_own_source(decided: Workbench) -> None:
    assert outcomes(decided, "two-sources") == ["superseded", "applied", "duplicate"]
    assert status_of(decided, "two-sources") == ["returned"]


def test_the_losers_of_a_run_point_to_its_winner(decided: Workbench) -> None:
    assert rivals(decided, "one-file") == [2, 2, None]


@pytest.mark.nightly
def test_a_preferred_source_wins_however_late_the_other_comes(own_project: Workbench) -> None:
    own_project.edit("macros/contracts/orders.sql", "'newest'", "['beta', 'alpha']")
    own_project.drop("alpha/1.json", [order("alpha-first", "a"), order("alpha-only", "a")])
    own_project.drop("beta/1.json", [beta_order("beta-first", "b"), beta_order("beta-moves", "b")])
    own_project.run()
    own_project.drop(
        "alpha/2.json",
        [order("beta-first", "a"), order("alpha-only", "a2"), order("both-in-a-run", "a")],
    )
    own_project.drop(
        "beta/2.json",
        [beta_order(key, "b2") for key in ("alpha-first", "beta-moves", "both-in-a-run")],
    )
    own_project.drop("beta/3.json", [beta_order("both-in-a-run", "b3")])
    receipt = own_project.run()
    assert receipt["errors"] == []
    assert outcomes(own_project, "beta-first") == ["applied", "outdated"]
    assert rivals(own_project, "beta-first") == [None, 0]
    assert outcomes(own_project, "both-in-a-run") == ["superseded", "superseded", "applied"]
    won = own_project.sql("select order_id, source, status from marts.orders order by order_id")
    assert won == [
        ("alpha-first", "beta", "b2"),
        ("alpha-only", "alpha", "a2"),
        ("beta-first", "beta", "b"),
        ("beta-moves", "beta", "b2"),
        ("both-in-a-run", "beta", "b3"),
    ]
