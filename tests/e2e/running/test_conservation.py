"""Nothing is lost unnoticed: what somebody removes or alters by hand fails the next build."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

# each damage is done to a load of its own, once in app's events and once in alpha's orders
RAW_AND_DECISIONS = {
    "raw-row-gone": "delete from {raw} where load_id = {load} and row_number = 2",
    "raw-row-doubled": "insert into {raw} from {raw} where load_id = {load} and row_number = 2",
    "decision-gone": "delete from {decisions} where load_id = {load} and row_number = 2",
    "decision-doubled": "insert into {decisions} from {decisions} "
    "where load_id = {load} and row_number = 2",
}
LEDGER_AND_LETTERS = {
    "ledger-wrong": "update raw.loads set rows = rows + 1 where load_id = {load}",
    "ledger-row-gone": "delete from raw.loads where load_id = {load}",
    "rejection-no-letter": "update {decisions} set is_dead_letter = false "
    "where load_id = {load} and outcome = 'rejected'",
    "letter-no-rejection": "update {decisions} set is_dead_letter = true "
    "where load_id = {load} and row_number = 1",
}
# and each of these to the row of a key of its own
TARGET = {
    "row-gone": "delete from {mart} where {key} = 'row-gone'",
    "row-doubled": "insert into {mart} from {mart} where {key} = 'row-doubled'",
    "another-record": "update {mart} set record_id = record_id - 1 where {key} = 'another-record'",
    "unheard-of": "update {mart} set {key} = 'unheard-of' where {key} = 'altered-key'",
}
ENTITIES = {
    "app": {
        "raw": "raw.app",
        "decisions": "ops.events_decisions",
        "mart": "marts.events",
        "key": "key",
    },
    "alpha": {
        "raw": "raw.alpha",
        "decisions": "ops.orders_decisions",
        "mart": "marts.orders",
        "key": "order_id",
    },
}


def record(source: str, key: str, text: str = "x") -> str:
    if source == "app":
        return json.dumps({"key": key, "name": text, "value": 1, "ts": "2025-01-15T08:00:00"})
    return json.dumps({"uid": key, "data": text})


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A project, built without errors; the tests damage copies of it."""
    root = tmp_path_factory.mktemp("sound")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        for source in ENTITIES:
            for damage in RAW_AND_DECISIONS | LEDGER_AND_LETTERS:
                lines = [record(source, f"{damage}-{row}") for row in (1, 2)]
                rejected = record(source, "", damage)
                bench.drop(f"{source}/{damage}.ndjson", "\n".join([*lines, rejected]))
            keys = ["first", "row-gone", "row-doubled", "another-record", "altered-key"]
            bench.drop(f"{source}/keys.ndjson", "\n".join(record(source, key) for key in keys))
        assert bench.run()["errors"] == []
        return bench


def copy_of(sound: Workbench, root: Path, patch: pytest.MonkeyPatch) -> Workbench:
    shutil.copytree(sound.root, root)
    return enter(root, patch)


@pytest.fixture
def damaged(sound: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A copy of the sound project, to be damaged."""
    return copy_of(sound, tmp_path / "hub", monkeypatch)


def inflict(bench: Workbench, damages: dict[str, str]) -> None:
    loads = load_ids(bench)
    for source, names in ENTITIES.items():
        for damage, statement in damages.items():
            load = loads.get(f"{source}/{damage}.ndjson")
            bench.sql(statement.format(load=load, **names))


def load_ids(bench: Workbench) -> dict[str, int]:
    return dict(bench.sql("select file, load_id from raw.loads"))


def run_errors(bench: Workbench) -> str:
    """What `hub run` says is wrong; empty where it succeeds."""
    receipt: dict[str, Any] = bench.run()
    assert (receipt["status"] == "failed") == bool(receipt["errors"])
    return "\n".join(receipt["errors"])


@pytest.fixture(scope="module")
def after_hub_run(
    sound: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workbench, str]:
    """Raw, decisions and targets damaged, and something new for clicks: the bench, the errors."""
    with pytest.MonkeyPatch.context() as patch:
        bench = copy_of(sound, tmp_path_factory.mktemp("run") / "hub", patch)
        inflict(bench, RAW_AND_DECISIONS | TARGET)
        click = {"event_id": "c", "event_timestamp": "2025-01-15T08:00:00Z", "user_id": "u"}
        bench.drop("web/1.ndjson", [{**click, "event_type": "search"}])
        return bench, run_errors(bench)


@pytest.fixture(scope="module")
def dbt_errors(sound: Workbench, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a plain `dbt build` says after the same damage to raw and decisions."""
    with pytest.MonkeyPatch.context() as patch:
        bench = copy_of(sound, tmp_path_factory.mktemp("build") / "hub", patch)
        inflict(bench, RAW_AND_DECISIONS)
        assert not bench.dbt("build", "--exclude-resource-type", "unit_test").success
        [(errors,)] = bench.sql("select errors from ops.runs order by run_id desc limit 1")
        return "\n".join(json.loads(errors))


@pytest.fixture(scope="module")
def ledger_errors(sound: Workbench, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `hub run` says after damage to ledger and letters."""
    with pytest.MonkeyPatch.context() as patch:
        bench = copy_of(sound, tmp_path_factory.mktemp("ledger") / "hub", patch)
        inflict(bench, LEDGER_AND_LETTERS)
        for source in ENTITIES:
            (bench.root / "landing" / source / "ledger-row-gone.ndjson").unlink()
        return run_errors(bench)


@pytest.mark.parametrize("source", ENTITIES)
@pytest.mark.parametrize("damage", RAW_AND_DECISIONS)
def test_hub_run_fails_and_names_load_and_file(
    sound: Workbench, after_hub_run: tuple[Workbench, str], damage: str, source: str
) -> None:
    file = f"{source}/{damage}.ndjson"
    assert f"load_id={load_ids(sound)[file]}, source={source}, file={file}" in after_hub_run[1]


@pytest.mark.nightly
@pytest.mark.parametrize("source", ENTITIES)
@pytest.mark.parametrize("damage", RAW_AND_DECISIONS)
def test_a_plain_dbt_build_fails_likewise(
    sound: Workbench, dbt_errors: str, damage: str, source: str
) -> None:
    file = f"{source}/{damage}.ndjson"
    assert f"load_id={load_ids(sound)[file]}, source={source}, file={file}" in dbt_errors


def test_only_what_was_damaged_is_named(dbt_errors: str) -> None:
    assert dbt_errors.count("load_id=") == len(RAW_AND_DECISIONS) * len(ENTITIES)


@pytest.mark.parametrize("source", ENTITIES)
@pytest.mark.parametrize("damage", TARGET)
def test_a_target_row_that_no_decision_explains_is_named(
    after_hub_run: tuple[Workbench, str], damage: str, source: str
) -> None:
    mart = ENTITIES[source]["mart"].removeprefix("marts.")
    [line] = [
        line
        for line in after_hub_run[1].splitlines()
        if line.startswith(f"holds_the_greatest_of_each_key_{mart}")
    ]
    assert f"record_key={damage}," in line


def test_one_entity_s_loss_does_not_hold_back_another(
    after_hub_run: tuple[Workbench, str],
) -> None:
    assert after_hub_run[0].sql("select event_id from marts.clicks") == [("c",)]
    assert "clicks" not in after_hub_run[1]


@pytest.mark.parametrize("source", ENTITIES)
@pytest.mark.parametrize("damage", ["ledger-wrong", "rejection-no-letter", "letter-no-rejection"])
def test_a_ledger_or_letter_that_does_not_add_up_is_named(
    ledger_errors: str, damage: str, source: str
) -> None:
    assert f"file={source}/{damage}.ndjson" in ledger_errors


@pytest.mark.parametrize("source", ENTITIES)
def test_rows_without_their_ledger_row_are_named_by_load(
    sound: Workbench, ledger_errors: str, source: str
) -> None:
    assert f"load_id={load_ids(sound)[f'{source}/ledger-row-gone.ndjson']}," in ledger_errors


def test_a_lost_row_is_noticed_with_nothing_to_land_and_not_forgotten(damaged: Workbench) -> None:
    damaged.sql("delete from raw.app where row_number = 3")
    assert "accounts_for_every_record_events" in run_errors(damaged)
    assert "accounts_for_every_record_events" in run_errors(damaged)


@pytest.mark.parametrize("lost", ["min", "max"])
def test_a_file_that_lands_again_does_not_hide_its_lost_ledger_row(
    damaged: Workbench, lost: str
) -> None:
    """The greatest number of a load is free again when its row is lost."""
    damaged.sql(f"delete from raw.loads where load_id = (select {lost}(load_id) from raw.loads)")
    assert "accounts_for_every_record" in run_errors(damaged)
