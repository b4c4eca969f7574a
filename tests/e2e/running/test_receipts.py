"""What a run reports: the receipts of the shipped samples, word for word."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import hub
from hub.queries.receipt import entity_receipt
from loader.errors import WrongUse
from tests.support.workbench import Workbench, copy_project, enter

Receipt = dict[str, Any]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, Receipt, Receipt]:
    """The shipped samples, run twice, with both receipts."""
    root = tmp_path_factory.mktemp("shipped")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        return bench, bench.run(), bench.run()


@pytest.fixture
def first(twice: tuple[Workbench, Receipt, Receipt]) -> Receipt:
    """The receipt of the first run."""
    return twice[1]


@pytest.fixture
def second(twice: tuple[Workbench, Receipt, Receipt]) -> Receipt:
    """The receipt of the second run, which found nothing new."""
    return twice[2]


def only(part: Receipt, expected: Receipt) -> Receipt:
    """Of a receipt, the keys that are expected."""
    return {key: part[key] for key in expected}


def test_events_report_the_classic_receipt(first: Receipt) -> None:
    expected = {
        "input_records": 7,
        "staged": 5,
        "loaded": 5,
        "rejected": 2,
        "dead_letters": 2,
        "lineage_entries": 12,
        "lineage": {"stage": 5, "load": 5, "reject": 2},
        "watermark": "2025-01-15T12:00:00",
        "target_rows": 4,
        "errors": [],
        "records_in": 7,
        "records_out": 5,
        "validation_errors": 2,
        "cache": {"hits": 0, "misses": 7, "hit_rate": 0.0},
    }
    part = entity_receipt(first, "events")
    assert only(part, expected) == expected
    assert part["duration_ms"] > 0


def test_orders_report_the_classic_receipt(first: Receipt) -> None:
    expected = {
        "records_in": 6,
        "records_out": 6,
        "stages_run": ["adapt", "cache", "validate", "freshness", "reconcile"],
        "cache": {"hits": 0, "misses": 6, "hit_rate": 0.0},
        "validation_errors": 0,
        "stale_records": 0,
        "reconciliation": {"matched": 1, "mismatched": 1, "single_source": 2},
        "target_rows": 4,
        "watermark": None,
    }
    assert only(entity_receipt(first, "orders"), expected) == expected


def test_clicks_report_their_repeat_and_their_rejects(first: Receipt) -> None:
    expected = {
        "records_in": 8,
        "records_out": 5,
        "rejected": 2,
        "cache": {"hits": 1, "misses": 7, "hit_rate": 0.125},
        "lineage": {"stage": 5, "load": 5, "reject": 2, "duplicate": 1},
        "watermark": "2025-01-15T09:04:12",
        "target_rows": 5,
    }
    assert only(entity_receipt(first, "clicks"), expected) == expected


def test_measurements_agree_within_a_cent(first: Receipt) -> None:
    expected = {
        "records_in": 7,
        "records_out": 6,
        "rejected": 1,
        "reconciliation": {"matched": 1, "mismatched": 1, "single_source": 2},
        "target_rows": 4,
    }
    assert only(entity_receipt(first, "measurements"), expected) == expected


def test_the_outcomes_of_a_receipt_add_up_to_its_records(first: Receipt) -> None:
    records = sum(source["records"] for source in first["sources"].values())
    assert records == sum(first["outcomes"].values()) == 28
    for source in first["sources"].values():
        assert source["records"] == sum(source[outcome] for outcome in first["outcomes"])


def test_a_receipt_says_what_ran_and_when(first: Receipt) -> None:
    assert first["status"] == "succeeded"
    assert first["errors"] == []
    assert first["started_at"] < first["ended_at"]
    assert set(first["stages"].values()) == {"ran"}
    assert first["files"]["landed"] == 6


def test_events_alone_are_not_reconciled_and_the_receipt_says_why(first: Receipt) -> None:
    part = entity_receipt(first, "events")
    assert "reconcile" not in part["stages_run"]
    assert "fewer than two sources" in part["reconciliation_skipped"]


@pytest.mark.parametrize("entity", ["events", "orders", "clicks", "measurements"])
def test_a_second_run_stages_nothing_and_leaves_the_state(
    first: Receipt, second: Receipt, entity: str
) -> None:
    before, after = entity_receipt(first, entity), entity_receipt(second, entity)
    nothing = {
        "input_records": 0,
        "staged": 0,
        "loaded": 0,
        "rejected": 0,
        "records_in": 0,
        "records_out": 0,
        "validation_errors": 0,
        "stale_records": 0,
        "cache": {"hits": 0, "misses": 0, "hit_rate": 0.0},
    }
    assert only(after, nothing) == nothing
    for key in (
        "dead_letters",
        "lineage_entries",
        "lineage",
        "target_rows",
        "watermark",
        "reconciliation",
    ):
        assert after[key] == before[key], key


def test_a_run_without_records_reports_no_input(second: Receipt) -> None:
    assert second["status"] == "succeeded"
    assert set(second["stages"].values()) == {"no input"}
    assert set(second["quality"].values()) == {None}


def test_receipts_are_kept_beside_the_warehouse(
    twice: tuple[Workbench, Receipt, Receipt],
) -> None:
    bench, first, second = twice
    folder = bench.root / "receipts"
    names = {f"{first['run_id']}.json", f"{second['run_id']}.json", "latest.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert json.loads((folder / f"{first['run_id']}.json").read_text()) == first
    assert json.loads((folder / "latest.json").read_text()) == second


def test_an_unknown_entity_is_wrong_use_and_the_known_are_named(first: Receipt) -> None:
    with pytest.raises(WrongUse, match="events, orders, clicks, measurements"):
        entity_receipt(first, "invoices")


def test_hub_report_prints_the_receipt_of_an_entity(
    twice: tuple[Workbench, Receipt, Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, first, _ = twice
    enter(bench.root, monkeypatch)
    arguments = ["report", "--entity", "events", "--run", first["run_id"], "--json"]
    result = CliRunner().invoke(hub, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == entity_receipt(first, "events")


def test_hub_run_writes_its_receipt_where_it_is_told(
    twice: tuple[Workbench, Receipt, Receipt], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(twice[0].root, tmp_path / "hub")
    bench = enter(tmp_path / "hub", monkeypatch)
    written = tmp_path / "receipt.json"
    result = CliRunner().invoke(hub, ["run", "--output", str(written), "--json"])
    assert result.exit_code == 0, result.output
    receipt = json.loads(written.read_text())
    assert receipt == json.loads(result.stdout)
    assert receipt == json.loads((bench.root / "receipts" / "latest.json").read_text())
    assert entity_receipt(receipt, "events")["target_rows"] == 4
