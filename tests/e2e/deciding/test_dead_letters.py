"""Dead letters: what a rejected record leaves behind, and what becomes of it when it returns."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from hub.queries.receipt import entity_receipt
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

Record = dict[str, Any]
# verbatim means: blanks, key order, escapes and digits as they stood
ODD_TEXT = '{ "ts":"2025-01-15T08:00:00",  "name":"\\u0041 é","value":1.50e0,"key":""  }'
BAD_VALUE = '{"key":"k","name":"","value":"x","ts":"2025-01-15T08:00:00"}'
BAD_VALUE_REORDERED = '{"ts":"2025-01-15T08:00:00","key":"k","name":"","value":"x"}'


def event(key: str | None, name: str = "a", value: Any = 1) -> Record:
    return {"key": key, "name": name, "value": value, "ts": "2025-01-15T08:00:00"}


def letters(bench: Workbench, columns: str, condition: str = "true") -> list[tuple[Any, ...]]:
    return bench.sql(f"select {columns} from ops.dead_letters where {condition} order by record_id")


@pytest.fixture(scope="module")
def returned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, list[dict[str, Any]]]:
    """Bad records, the same again, and again in other words: the bench and its three receipts."""
    root = tmp_path_factory.mktemp("letters")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        good = json.dumps(event("good"))
        bench.drop("app/1.ndjson", f"{good}\n{ODD_TEXT}\n{BAD_VALUE}\n{{cut\n")
        bench.drop("alpha/1.json", '[{"uid": null, "data": "x"},\n {"uid": "o",   "data" : null}]')
        bench.drop("plant/1.csv", "id,value,category,timestamp\nm,007x , A,\n")
        receipts = [bench.run()]
        bench.drop("app/2.ndjson", f"{{cut\n{BAD_VALUE}\n{BAD_VALUE}\n")
        receipts.append(bench.run())
        bench.drop("app/3.ndjson", f"{BAD_VALUE_REORDERED}\n")
        receipts.append(bench.run())
        assert [receipt["errors"] for receipt in receipts] == [[], [], []]
        return bench, receipts


@pytest.fixture
def kept(returned: tuple[Workbench, list[dict[str, Any]]]) -> Workbench:
    return returned[0]


def test_a_letter_says_where_its_record_stood(kept: Workbench) -> None:
    assert letters(kept, "entity, source, file, row_number", "file = 'app/1.ndjson'") == [
        ("events", "app", "app/1.ndjson", 2),
        ("events", "app", "app/1.ndjson", 3),
        ("events", "app", "app/1.ndjson", 4),
    ]
    assert letters(kept, "entity, file, row_number", "source in ('alpha', 'plant')") == [
        ("orders", "alpha/1.json", 1),
        ("orders", "alpha/1.json", 2),
        ("measurements", "plant/1.csv", 1),
    ]


def test_a_letter_keeps_the_text_verbatim(kept: Workbench) -> None:
    texts = letters(kept, "record", "file in ('app/1.ndjson', 'alpha/1.json')")
    assert [text for (text,) in texts] == [
        ODD_TEXT,
        BAD_VALUE,
        "{cut",
        '{"uid": null, "data": "x"}',
        '{"uid": "o",   "data" : null}',
    ]
    [(row,)] = letters(kept, "record", "source = 'plant'")
    assert json.loads(row) == {"id": "m", "value": "007x ", "category": " A", "timestamp": ""}


def test_a_letter_has_all_reasons_the_first_as_its_error(kept: Workbench) -> None:
    assert letters(kept, "reasons, error", "file = 'app/1.ndjson'") == [
        (["missing_key"], "missing_key"),
        (["missing_name", "invalid_value"], "missing_name"),
        (["malformed_json"], "malformed_json"),
    ]


def test_a_letter_is_open_after_its_first_attempt(kept: Workbench) -> None:
    assert kept.sql("select distinct status, attempts, contract_version from ops.dead_letters") == [
        ("open", 1, "1.0.0")
    ]


def test_a_letter_says_when_and_in_which_run(
    returned: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    bench, receipts = returned
    for run_id, recorded_at, first_seen in letters(
        bench, "run_id, recorded_at, first_seen", "file = 'app/1.ndjson'"
    ):
        assert run_id == receipts[0]["run_id"]
        assert recorded_at == first_seen
        assert receipts[0]["started_at"] <= recorded_at.isoformat() <= receipts[0]["ended_at"]


def test_the_same_bad_record_again_adds_no_letter(
    returned: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    bench, receipts = returned
    assert letters(bench, "record", "file = 'app/2.ndjson'") == []
    assert entity_receipt(receipts[0], "events")["dead_letters"] == 3
    assert entity_receipt(receipts[1], "events")["dead_letters"] == 3
    assert receipts[1]["sources"]["app"]["duplicate"] == 3


def test_the_same_bad_record_again_moves_last_seen(
    returned: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    bench, receipts = returned
    second_run = datetime.fromisoformat(receipts[1]["started_at"])
    seen = letters(bench, "first_seen, last_seen", "file = 'app/1.ndjson'")
    assert [first < second_run <= last for first, last in seen] == [False, True, True]
    assert seen[0][0] == seen[0][1]


def test_the_same_content_in_another_text_is_a_new_letter(
    returned: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    bench, receipts = returned
    assert letters(bench, "record", "file = 'app/3.ndjson'") == [(BAD_VALUE_REORDERED,)]
    assert entity_receipt(receipts[2], "events")["dead_letters"] == 4


def test_raw_and_letters_hold_the_same_text(kept: Workbench) -> None:
    assert kept.sql(
        "select count(*) from ops.dead_letters as letters inner join raw.app as landed "
        "on landed.load_id = letters.load_id and landed.row_number = letters.row_number "
        "where letters.source = 'app' and landed.record is distinct from letters.record"
    ) == [(0,)]


def test_a_run_whose_records_are_all_rejected_succeeds_with_a_warning(
    returned: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    receipt = returned[1][2]
    assert receipt["sources"]["app"]["records"] == receipt["sources"]["app"]["rejected"] == 1
    assert receipt["status"] == "succeeded"
    assert receipt["quality"]["app"] == 0.0
    [warning] = [text for text in receipt["warnings"] if text.startswith("app:")]
    assert "every record was rejected" in warning
    assert entity_receipt(receipt, "events")["target_rows"] == 1


TABLES = ("ops.dead_letters", "marts.orders", "marts.orders_reconciliation")


def orders_of(bench: Workbench) -> dict[str, list[tuple[Any, ...]]]:
    """Letters, target rows and reconciliation of orders."""
    return {
        table: bench.sql(
            f"select * from {table} "
            + ("where entity = 'orders' " if table == "ops.dead_letters" else "")
            + "order by all"
        )
        for table in TABLES
    }


@dataclass(frozen=True)
class Changed:
    """A project that changed between its three runs: the receipts, and the orders after each."""

    bench: Workbench
    receipts: list[dict[str, Any]]
    orders: list[dict[str, list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def project_that_changed(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    """Events: first the contract changes, then app's adapter. Orders: beta is switched off."""
    root = tmp_path_factory.mktemp("changed")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        changed = Changed(bench, [], [])
        fixed, still_bad = event("fixed", name=""), event("still-bad", value="x")
        bench.drop("app/1.ndjson", [fixed, still_bad])
        bench.drop("alpha/1.json", [{"uid": "a", "data": "x"}, {"uid": "both", "data": "x"}])
        bench.drop(
            "beta/1.json",
            [
                {"identifier": "b", "payload": "x"},
                {"identifier": "both", "payload": "y"},
                {"identifier": "bad"},
            ],
        )
        changed.receipts.append(bench.run())
        changed.orders.append(orders_of(bench))

        contract = "macros/contracts/events.sql"
        bench.edit(contract, "'version': '1.0.0'", "'version': '1.1.0'")
        bench.edit(
            contract, "'name': {'type': 'string', 'required': true,", "'name': {'type': 'string',"
        )
        registered = bench.project.vars.sources
        bench.set_vars(sources={**registered, "orders": ["alpha"]})
        bench.drop("app/2.ndjson", [fixed, still_bad, still_bad])
        changed.receipts.append(bench.run())
        changed.orders.append(orders_of(bench))

        bench.edit(
            "models/staging/app/stg_app__events.sql",
            "{{ json_text('value') }} as value",
            "coalesce(nullif({{ json_text('value') }}, 'x'), '0') as value",
        )
        bench.drop("app/3.ndjson", [still_bad, fixed])
        bench.drop("alpha/3.json", [{"uid": "b", "data": "z"}])
        changed.receipts.append(bench.run())
        changed.orders.append(orders_of(bench))
        assert [receipt["errors"] for receipt in changed.receipts] == [[], [], []]
        return changed


@pytest.mark.nightly
def test_after_a_change_of_the_contract_a_repeat_is_decided_again(
    project_that_changed: Changed,
) -> None:
    bench = project_that_changed.bench
    assert bench.outcomes("app")[:5] == ["rejected", "rejected", "applied", "rejected", "duplicate"]
    assert letters(bench, "file, status, resolved_by, attempts", "record_key = 'fixed'") == [
        ("app/1.ndjson", "resolved", 40000000001, 1)
    ]


@pytest.mark.nightly
def test_after_a_change_of_the_adapter_a_repeat_is_decided_again(
    project_that_changed: Changed,
) -> None:
    bench = project_that_changed.bench
    # a repeat that was accepted before takes the place of its twin
    assert bench.outcomes("app")[5:] == ["applied", "applied"]
    assert bench.sql(
        "select arrived_as from ops.decisions where source = 'app' and arrived_as is not null"
    ) == [(40000000001,)]


@pytest.mark.nightly
def test_a_source_switched_off_keeps_its_letters_and_rows(project_that_changed: Changed) -> None:
    before, after, _ = project_that_changed.orders
    assert [len(before[table]) for table in TABLES] == [1, 3, 3]
    assert {**after, TABLES[2]: None} == {**before, TABLES[2]: None}
    part = entity_receipt(project_that_changed.receipts[1], "orders")
    assert (part["dead_letters"], part["target_rows"]) == (1, 3)
    assert "fewer than two sources" in part["reconciliation_skipped"]


@pytest.mark.nightly
def test_the_rows_of_a_source_switched_off_are_told_of(project_that_changed: Changed) -> None:
    receipt = project_that_changed.receipts[1]
    assert (
        "beta: 2 rows of marts.orders are of this source, which is registered no more: "
        "`hub reprocess --entity orders` takes them out"
    ) in receipt["warnings"]
    checks = project_that_changed.bench.sql(
        "select status, detail from ops.health_checks where check_name = 'removed sources'"
    )
    assert checks == [("warn", "of sources registered no more: 1 rows of marts.orders from beta")]


@pytest.mark.nightly
def test_what_is_still_registered_goes_on_beside_a_source_switched_off(
    project_that_changed: Changed,
) -> None:
    rows = "select order_id, source, status from marts.orders order by order_id"
    assert project_that_changed.bench.sql(rows) == [
        ("a", "alpha", "x"),
        ("b", "alpha", "z"),
        ("both", "beta", "y"),
    ]
