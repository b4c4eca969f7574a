"""What a run reports: the receipts of the shipped samples, word for word."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.root import hub
from hub.queries.receipt import entity_receipt
from hub.runs.receipt_files import write_receipt
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
        bench.drop_samples()
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
        "records_in": 9,
        "records_out": 8,
        "rejected": 1,
        "reconciliation": {"matched": 1, "mismatched": 1, "single_source": 2},
        "target_rows": 4,
    }
    assert only(entity_receipt(first, "measurements"), expected) == expected


def test_the_outcomes_of_a_receipt_add_up_to_its_records(first: Receipt) -> None:
    records = sum(source["records"] for source in first["sources"].values())
    assert records == sum(first["outcomes"].values()) == 30
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


def test_sql_gives_the_same_figures(twice: tuple[Workbench, Receipt, Receipt]) -> None:
    bench, first, _ = twice
    run_id = first["run_id"]
    of_sources = bench.sql(
        "select source, records, applied, rejected, duplicate, round(quality, 4) "
        "from ops.run_report where run_id = ?",
        run_id,
    )
    keys = ("records", "applied", "rejected", "duplicate", "quality")
    assert {source: figures for source, *figures in of_sources} == {
        name: [source[key] for key in keys] for name, source in first["sources"].items()
    }
    of_entities = bench.sql(
        "select counted.entity, accepted, stale, target_rows, dead_letters_open, lineage_entries, "
        "watermark, matched, mismatched, single_source, round(quality, 4) "
        "from ops.run_entities as counted inner join ops.entity_states as state "
        "on state.run_id = counted.run_id and state.entity = counted.entity "
        "where counted.run_id = ?",
        run_id,
    )
    state = ("target_rows", "dead_letters", "lineage_entries", "watermark")
    assert {entity: figures for entity, *figures in of_entities} == {
        entity: [
            part["staged"],
            part["stale_records"],
            *(part[key] for key in state),
            *part["reconciliation"].values(),
            part["quality"],
        ]
        for entity, part in first["entities"].items()
    }
    assert [
        warning
        for (warning,) in bench.sql(
            "select warning from ops.run_warnings where run_id = ? "
            "order by kind_number, entity <> 'events', entity <> 'clicks'",
            run_id,
        )
    ] == first["warnings"]


def test_sql_says_what_each_stage_did_and_why_not(
    twice: tuple[Workbench, Receipt, Receipt],
) -> None:
    bench, first, second = twice
    assert bench.sql(
        "select reported_as, status, reason from ops.run_stages "
        "where run_id = ? and entity = 'events' order by stage_number",
        first["run_id"],
    ) == [
        ("adapt", "ran", None),
        ("cache", "ran", None),
        ("validate", "ran", None),
        ("freshness", "ran", None),
        ("reconcile", "skipped", "fewer than two sources: app"),
    ]
    assert bench.sql(
        "select distinct status from ops.run_stages where run_id = ? and entity = 'orders'",
        second["run_id"],
    ) == [("no input",)]


def test_the_receipts_of_runs_that_built_something_are_kept_beside_the_warehouse(
    twice: tuple[Workbench, Receipt, Receipt],
) -> None:
    bench, first, second = twice
    folder = bench.root / "receipts"
    assert first["run_id"] != second["run_id"]
    assert {path.name for path in folder.iterdir()} == {f"{first['run_id']}.json", "latest.json"}
    assert json.loads((folder / f"{first['run_id']}.json").read_text()) == first
    assert json.loads((folder / "latest.json").read_text()) == first


def test_the_oldest_receipts_of_runs_go_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "receipts"
    ids = [f"2025010{day}T000000000-0000000{day}" for day in range(1, 6)]
    for run_id in ids[1:4]:
        write_receipt(folder, {"run_id": run_id}, keep=3)
    for name in ("notes.json", "20250101.json", f"{ids[0]}.json.bak", f"x{ids[0]}.json"):
        (folder / name).touch()
    others = {path.name for path in folder.iterdir()} - {f"{run_id}.json" for run_id in ids}

    write_receipt(folder, {"run_id": ids[4]}, keep=2)

    assert {path.name for path in folder.iterdir()} == others | {
        f"{run_id}.json" for run_id in ids[3:]
    }
    assert json.loads((folder / "latest.json").read_text()) == {"run_id": ids[4]}


def test_how_many_receipts_are_kept_is_set_in_the_project(own_project: Workbench) -> None:
    assert own_project.project.vars.keep_receipts == 100
    own_project.set_vars(keep_receipts=7)
    assert own_project.project.vars.keep_receipts == 7
    for wrong in (0, -1, "all", True, 1.5):
        own_project.set_vars(keep_receipts=wrong)
        with pytest.raises(WrongUse, match="keep_receipts"):
            _ = own_project.project


class TestARunWithNothingNew:
    @pytest.fixture
    def idle(self, twice: tuple[Workbench, Receipt, Receipt]) -> Iterator[Workbench]:
        with pytest.MonkeyPatch.context() as patch:
            yield enter(twice[0].root, patch)

    def test_prints_one_line(self, idle: Workbench) -> None:
        result = CliRunner().invoke(hub, ["run"])

        (latest,) = idle.sql("select max(run_id) from ops.runs")[0]
        assert (result.exit_code, result.output) == (0, f"nothing new in run {latest}\n")
        dry = CliRunner().invoke(hub, ["run", "--dry-run"]).output
        assert re.fullmatch(r"dry run, nothing was changed: nothing new in run \S+\n", dry)

    def test_says_in_that_line_that_there_are_warnings(self, idle: Workbench) -> None:
        cut = idle.drop("app/cut.json", "[{")
        CliRunner().invoke(hub, ["run"])

        text = CliRunner().invoke(hub, ["run"]).output
        data = json.loads(CliRunner().invoke(hub, ["run", "--json"]).stdout)

        assert re.fullmatch(r"nothing new in run \S+, 1 warning \(--json has them\)\n", text)
        assert [warning.split(":")[0] for warning in data["warnings"]] == ["app/cut.json"]
        cut.unlink()
        gone = json.loads(CliRunner().invoke(hub, ["run", "--json"]).stdout)
        assert gone["warnings"] == []

    @pytest.mark.parametrize("more", [[], ["--entity", "events"]])
    def test_leaves_the_report_for_people_at_the_latest_build(
        self, idle: Workbench, more: list[str]
    ) -> None:
        before = CliRunner().invoke(hub, ["report", *more]).output
        (built,) = idle.sql("select max(run_id) from ops.run_counts")[0]
        assert before.startswith(f"run {built} succeeded in ")

        assert CliRunner().invoke(hub, ["run"]).output.startswith("nothing new in run ")

        assert CliRunner().invoke(hub, ["report", *more]).output == before

    def test_is_what_programs_are_told_with_the_dead_letters_open_now(
        self, idle: Workbench, first: Receipt
    ) -> None:
        run = json.loads(CliRunner().invoke(hub, ["run", "--json"]).stdout)
        assert run["entities"]["events"]["dead_letters"] == 2
        arguments = ["discard", "--reason", "missing_key", "--by", "mia", "--why", "a test"]
        assert CliRunner().invoke(hub, arguments).output.startswith("discarded 1 dead letter\n")

        for told in (
            json.loads(CliRunner().invoke(hub, ["report", "--json"]).stdout),
            json.loads(CliRunner().invoke(hub, ["run", "--json"]).stdout),
        ):
            assert told["run_id"] >= run["run_id"] > first["run_id"]
            assert set(told["outcomes"].values()) == {0}
            letters = {name: part["dead_letters"] for name, part in told["entities"].items()}
            assert letters == {"events": 1, "orders": 0, "clicks": 2, "measurements": 1}
            assert told["entities"]["events"]["target_rows"] == 4
        entity = ["report", "--entity", "events", "--json"]
        assert json.loads(CliRunner().invoke(hub, entity).stdout)["dead_letters"] == 1
        then = json.loads(
            CliRunner().invoke(hub, ["report", "--run", first["run_id"], "--json"]).stdout
        )
        assert then == first


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
    assert entity_receipt(receipt, "events")["target_rows"] == 4
    # there was nothing new, so nothing else was written
    assert not (bench.root / "receipts" / f"{receipt['run_id']}.json").exists()
