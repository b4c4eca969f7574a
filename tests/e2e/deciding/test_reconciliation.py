"""What the sources of an entity say of one key, compared."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hub.queries.receipt import entity_receipt
from tests.support.additions import add_source
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

ABSENT = object()
# per key what alpha and beta say, and whether that is the same
PAIRS: dict[str, tuple[Any, Any, str]] = {
    "same-text": ("shipped", "shipped", "matched"),
    "other-text": ("shipped", "pending", "mismatched"),
    "other-case": ("shipped", "Shipped", "mismatched"),
    "fifty-fifty-five": ({"price": 50}, {"price": 55}, "mismatched"),
    "one-one": (1, 1.0, "matched"),
    "one-text": (1, "1", "mismatched"),
    "float-text": (1.0, "1.0", "mismatched"),
    "true-text": (True, "true", "mismatched"),
    "true-one": (True, 1, "mismatched"),
    "exponent": (1000, 1e3, "matched"),
    "near": (0.1, 0.10000001, "mismatched"),
    "big-integers": (9007199254740992, 9007199254740993, "mismatched"),
    "nested-order": ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}, "matched"),
    "nested-one-one": ({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2.0}]}, "matched"),
    "nested-one-text": ({"a": 1}, {"a": "1"}, "mismatched"),
    "nested-big-integers": (
        {"n": 9007199254740992},
        {"n": 9007199254740993},
        "mismatched",
    ),
    "item-order": ([1, 2], [2, 1], "mismatched"),
    "nested-null-absent": ({"a": 1, "b": None}, {"a": 1}, "mismatched"),
    "only-alpha": ("shipped", ABSENT, "single_source"),
    "only-beta": (ABSENT, "shipped", "single_source"),
}
# per id what plant and partner measured, within an absolute tolerance of 0.1
ABSOLUTE: dict[str, tuple[str, str, str]] = {
    "in-decimals": ("1.1", "1.0", "matched"),
    "in-decimals-too": ("0.3", "0.2", "matched"),
    "in-large-decimals": ("1000000.1", "1000000.2", "matched"),
    "a-bit-more": ("1.11", "1.0", "mismatched"),
    "a-trifle-more": ("1.1000001", "1.0", "mismatched"),
    "fifty-fifty-five": ("50", "55", "mismatched"),
    "negative": ("-0.05", "0.05", "matched"),
    "huge": ("1e30", "1e30", "matched"),
    "huge-other": ("1e30", "2e30", "mismatched"),
    "huge-and-small": ("1e30", "1", "mismatched"),
}
# the same under a relative tolerance of 0.05
RELATIVE: dict[str, tuple[str, str, str]] = {
    "at-five-percent": ("100", "95", "matched"),
    "beyond-five-percent": ("100", "94.99", "mismatched"),
    "negative-five-percent": ("-100", "-95", "matched"),
    "zero-zero": ("0", "0.0", "matched"),
    "zero-little": ("0", "0.001", "mismatched"),
}


def alpha(uid: str | None, status: Any) -> dict[str, Any]:
    return {"uid": uid, "data": {"status": status}}


def beta(identifier: str | None, status: Any) -> dict[str, Any]:
    return {"identifier": identifier, "payload": {"status": status}}


def gamma(ref: str, status: Any) -> dict[str, Any]:
    return {"ref": ref, "content": {"status": status}}


def add_gamma(bench: Workbench) -> None:
    """A third source of orders: a copy of beta with field names of its own."""
    fields = {"identifier": "ref", "payload": "content"}
    add_source(bench.root, "gamma", like="beta", entity="orders", fields=fields)


def drop_measurements(bench: Workbench, name: str, pairs: dict[str, tuple[str, str, str]]) -> None:
    rows = [f"{key},{value},x," for key, (value, _, _) in pairs.items()]
    bench.drop(f"plant/{name}.csv", "id,value,category,timestamp\n" + "\n".join(rows) + "\n")
    lines = [
        json.dumps({"id": key, "value": "@", "category": "x"}).replace('"@"', value)
        for key, (_, value, _) in pairs.items()
    ]
    bench.drop(f"partner/{name}.ndjson", "\n".join(lines) + "\n")


def empty_project(root: Path, patch: pytest.MonkeyPatch) -> Workbench:
    copy_project(root)
    return enter(root, patch)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, list[dict[str, Any]]]:
    """All of the above with gamma as a third source of orders: the bench and its receipts."""
    with pytest.MonkeyPatch.context() as patch:
        bench = empty_project(tmp_path_factory.mktemp("reconciliation"), patch)
        add_gamma(bench)
        contract = "macros/contracts/measurements.sql"
        bench.edit(contract, "{'absolute': '0.01'}", "{'absolute': '0.1'}")
        bench.edit(contract, "'required': true,\n                'normalize'", "'normalize'")
        bench.drop(
            "alpha/1.json",
            [
                *(alpha(key, said) for key, (said, _, _) in PAIRS.items() if said is not ABSENT),
                alpha("all-alike", "x"),
                alpha("one-differs", "x"),
                alpha("returns", "shipped"),
                alpha("corrected", "pending"),
                alpha("corrected", "shipped"),
                alpha("rejected-later", "x"),
                alpha("rejected-later", None),
                alpha(None, "no key"),
                alpha("", "no key either"),
            ],
        )
        bench.drop(
            "beta/1.json",
            [
                *(beta(key, said) for key, (_, said, _) in PAIRS.items() if said is not ABSENT),
                beta("all-alike", "x"),
                beta("one-differs", "y"),
                beta("two-of-three", "x"),
                beta("returns", "shipped"),
                beta("corrected", "shipped"),
                beta("rejected-later", "x"),
                beta(None, "no key"),
            ],
        )
        bench.drop(
            "gamma/1.json",
            [
                gamma("all-alike", "x"),
                gamma("one-differs", "x"),
                gamma("two-of-three", "x"),
                gamma("only-gamma", "x"),
            ],
        )
        drop_measurements(bench, "1", ABSOLUTE)
        bench.drop(
            "plant/2.ndjson",
            [{"id": "absent-present", "value": 1}, {"id": "absent-absent", "value": 1}],
        )
        bench.drop(
            "partner/2.ndjson",
            [
                {"id": "absent-present", "value": 1, "category": "flow"},
                {"id": "absent-absent", "value": 1, "category": None},
            ],
        )
        receipts = [bench.run()]
        bench.edit(contract, "{'absolute': '0.1'}", "{'relative': '0.05'}")
        drop_measurements(bench, "3", RELATIVE)
        bench.drop("alpha/2.json", [alpha("returns", "returned")])
        receipts.append(bench.run())
        bench.drop("beta/3.json", [beta("returns", "returned")])
        receipts.append(bench.run())
        assert [receipt["errors"] for receipt in receipts] == [[], [], []]
        return bench, receipts


@pytest.fixture
def table(compared: tuple[Workbench, list[dict[str, Any]]]) -> Workbench:
    return compared[0]


def of_order(bench: Workbench, columns: str, key: str) -> list[tuple[Any, ...]]:
    return bench.sql(f"select {columns} from marts.orders_reconciliation where order_id = ?", key)


def of_measurement(bench: Workbench, columns: str, key: str) -> list[tuple[Any, ...]]:
    return bench.sql(f"select {columns} from marts.measurements_reconciliation where id = ?", key)


@pytest.mark.parametrize("key", PAIRS)
def test_two_sources_agree_or_not(table: Workbench, key: str) -> None:
    assert of_order(table, "status", key) == [(PAIRS[key][2],)]


@pytest.mark.parametrize("key", ABSOLUTE)
def test_an_absolute_tolerance_is_inclusive_and_in_decimals(table: Workbench, key: str) -> None:
    assert of_measurement(table, "status", key) == [(ABSOLUTE[key][2],)]


@pytest.mark.parametrize("key", RELATIVE)
def test_a_relative_tolerance_is_inclusive(table: Workbench, key: str) -> None:
    assert of_measurement(table, "status", key) == [(RELATIVE[key][2],)]


def test_a_mismatch_says_which_column_and_what_each_source_says(table: Workbench) -> None:
    assert of_measurement(
        table, "sources, differing_columns, value_by_source, value_spread", "fifty-fifty-five"
    ) == [(["partner", "plant"], ["value"], ["partner=55.0", "plant=50.0"], 5.0)]
    assert of_order(table, "differing_columns, status_by_source", "fifty-fifty-five") == [
        (["status"], ['alpha={"price":50}', 'beta={"price":55}'])
    ]


def test_a_match_names_no_column(table: Workbench) -> None:
    assert of_measurement(table, "differing_columns", "in-decimals") == [(None,)]


def test_a_spread_is_given_in_decimals(table: Workbench) -> None:
    assert of_measurement(table, "value_spread = 0.1", "in-decimals") == [(True,)]


def test_absent_differs_from_present(table: Workbench) -> None:
    assert of_measurement(table, "status, differing_columns", "absent-present") == [
        ("mismatched", ["category"])
    ]
    assert of_measurement(table, "status", "absent-absent") == [("matched",)]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("all-alike", ("matched", ["alpha=x", "beta=x", "gamma=x"])),
        ("one-differs", ("mismatched", ["alpha=x", "beta=y", "gamma=x"])),
        ("two-of-three", ("matched", ["beta=x", "gamma=x"])),
        ("only-gamma", ("single_source", ["gamma=x"])),
    ],
)
def test_three_sources_are_compared_at_once(
    table: Workbench, key: str, expected: tuple[str, list[str]]
) -> None:
    assert of_order(table, "status, status_by_source", key) == [expected]


def test_the_latest_accepted_record_of_a_source_counts_though_it_lost_its_key(
    table: Workbench,
) -> None:
    assert table.sql("select source from marts.orders where order_id = 'corrected'") == [("beta",)]
    assert of_order(table, "status, status_by_source", "corrected") == [
        ("matched", ["alpha=shipped", "beta=shipped"])
    ]


def test_a_rejected_record_does_not_count(table: Workbench) -> None:
    assert of_order(table, "status", "rejected-later") == [("matched",)]


def test_null_keys_are_counted_and_not_compared(
    compared: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    bench, receipts = compared
    assert entity_receipt(receipts[0], "orders")["null_keys"] == 3
    assert bench.sql(
        "select count(*) from marts.orders_reconciliation "
        "where order_id is null or trim(order_id) = ''"
    ) == [(0,)]


def test_every_accepted_key_is_compared_once(table: Workbench) -> None:
    [(rows, keys)] = table.sql(
        "select count(*), count(distinct order_id) from marts.orders_reconciliation"
    )
    [(accepted,)] = table.sql(
        "select count(distinct record_key) from ops.record_outcomes where entity = 'orders' "
        "and outcome in ('applied', 'superseded', 'outdated')"
    )
    assert rows == keys == accepted


def test_the_trend_over_runs_is_one_query(
    compared: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    bench, receipts = compared
    trend = bench.sql(
        "select run_id, "
        "sum(amount) filter (where measure = 'reconciliation matched'), "
        "sum(amount) filter (where measure = 'reconciliation mismatched'), "
        "sum(amount) filter (where measure = 'reconciliation single_source') "
        "from ops.run_counts where entity = 'orders' and source is null "
        "group by run_id order by run_id"
    )
    statuses = [status for _, _, status in PAIRS.values()]
    matched = statuses.count("matched") + 3  # all-alike, two-of-three, rejected-later
    matched += 1  # corrected
    mismatched = statuses.count("mismatched") + 1  # one-differs
    single = statuses.count("single_source") + 1  # only-gamma
    # `returns` agrees, then alpha moves ahead, then beta follows
    assert trend == [
        (receipts[0]["run_id"], matched + 1, mismatched, single),
        (receipts[1]["run_id"], matched, mismatched + 1, single),
        (receipts[2]["run_id"], matched + 1, mismatched, single),
    ]
    for receipt, (_, *counts) in zip(receipts, trend, strict=True):
        assert list(entity_receipt(receipt, "orders")["reconciliation"].values()) == counts


def test_fewer_than_two_sources_are_skipped_with_the_reason(
    compared: tuple[Workbench, list[dict[str, Any]]],
) -> None:
    part = entity_receipt(compared[1][0], "events")
    assert part["reconciliation_skipped"] == "fewer than two sources: app"
    assert part["reconciliation"] == {"matched": 0, "mismatched": 0, "single_source": 0}
    assert "reconcile" not in part["stages_run"]


@pytest.mark.nightly
def test_a_full_refresh_gives_the_same_reconciliation(
    table: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(table.root, tmp_path / "hub")
    bench = enter(tmp_path / "hub", monkeypatch)
    result = bench.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert result.success
    rows = "select * exclude (run_id, reconciled_at) from marts.orders_reconciliation order by all"
    assert bench.sql(rows) == table.sql(rows)


@pytest.mark.nightly
def test_with_one_source_left_nothing_is_compared_until_the_other_is_back(
    own_project: Workbench,
) -> None:
    registered = own_project.project.vars.sources
    own_project.set_vars(sources={**registered, "orders": ["alpha"]})
    own_project.drop("alpha/1.json", [alpha("both", "x"), alpha("alone", "x")])
    receipt = own_project.run()
    assert receipt["errors"] == []
    part = entity_receipt(receipt, "orders")
    assert part["reconciliation_skipped"] == "fewer than two sources: alpha"
    assert part["reconciliation"] == {"matched": 0, "mismatched": 0, "single_source": 0}
    own_project.set_vars(sources=registered)
    own_project.drop("beta/1.json", [beta("both", "x")])
    part = entity_receipt(own_project.run(), "orders")
    assert part["reconciliation_skipped"] is None
    assert part["reconciliation"] == {"matched": 1, "mismatched": 0, "single_source": 1}


@pytest.mark.nightly
def test_a_source_taken_out_leaves_at_once_though_nothing_is_taken_up(
    own_built: Workbench,
) -> None:
    add_gamma(own_built)
    own_built.drop("alpha/1.json", [alpha("both", "x")])
    own_built.drop("beta/1.json", [beta("both", "y"), beta("alone", "y")])
    own_built.run()
    registered = own_built.project.vars.sources
    own_built.set_vars(sources={**registered, "orders": ["alpha", "gamma"]})
    own_built.drop("gamma/1.json", [gamma("new", "z")])
    assert own_built.run("adapt")["errors"] == []
    compared = "select order_id, status from marts.orders_reconciliation order by order_id"
    assert own_built.sql(compared) == [("both", "single_source")]
