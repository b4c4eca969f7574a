"""A stage for a share of the keys: chosen by digest, and both groups compared in the receipt."""

import hashlib
import json
import logging
import sys
from typing import Any

import pytest

from hub.main import main
from loader.errors import WrongUse
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

KEYS = [f"key-{number}" for number in range(5000)]
MOMENT = "2025-01-15T08:00:00"


def share_by_md5(key: str) -> int:
    number = int.from_bytes(hashlib.md5(key.encode()).digest(), "little")
    return (number >> 65) % 100


@pytest.mark.nightly
def test_a_stage_covers_its_share_of_the_keys_and_the_receipt_compares_both_groups(
    own_project: Workbench,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_project.set_vars(
        rollout={"validate": 10, "deduplicate": 30, "freshness": 50, "reconcile": 100}
    )
    records: list[dict[str, Any]] = [
        {"key": key, "name": "n", "value": "no number", "ts": MOMENT} for key in KEYS
    ]
    own_project.drop("app/events.ndjson", records)
    click = {"event_timestamp": MOMENT, "event_type": "search", "user_id": "u"}
    clicks = [{"event_id": key, **click} for key in KEYS[:1000]]
    own_project.drop("web/clicks.ndjson", clicks + clicks)
    own_project.drop("alpha/orders.json", [{"uid": key, "data": "new"} for key in KEYS[:100]])
    own_project.drop("beta/orders.json", [{"identifier": key, "payload": 1} for key in KEYS[:50]])

    monkeypatch.setattr(sys, "argv", ["hub", "run", "--now", MOMENT])

    main()
    logging.getLogger("loader").handlers.clear()

    shown = capsys.readouterr().out
    receipt = json.loads((own_project.root / "receipts" / "latest.json").read_text())
    assert (receipt["status"], receipt["errors"]) == ("succeeded", [])
    # validate: a covered record is rejected, another enters unvalidated
    covered = own_project.sql(
        "select record_key from ops.decisions where entity = 'events' and is_validated order by 1"
    )
    assert covered == sorted((key,) for key in KEYS if share_by_md5(key) < 10)
    assert 400 <= len(covered) <= 600
    assert receipt["rollout"]["validate"]["covered"]["rejected"] == len(covered)
    assert receipt["rollout"]["validate"]["control"]["accepted"] >= 5000 - len(covered)
    assert "rejected" not in receipt["rollout"]["validate"]["control"]
    assert own_project.sql("select count(*) from marts.events") == [(5000 - len(covered),)]
    # deduplicate: a covered repeat is a duplicate, another outdated
    repeats = own_project.sql(
        "select outcome, count(*) from ops.decisions where entity = 'clicks' and row_number > 1000 "
        "group by 1 order by 1"
    )
    duplicates = sum(share_by_md5(key) < 30 for key in KEYS[:1000])
    assert repeats == [("duplicate", duplicates), ("outdated", 1000 - duplicates)]
    assert 240 <= duplicates <= 360
    # freshness: a row that is not covered has none
    flagged = own_project.sql("select count(freshness) from ops.decisions where entity = 'events'")
    assert flagged == [(sum(share_by_md5(key) < 50 for key in KEYS),)]
    # all of the keys
    assert own_project.sql("select count(*) from marts.orders_reconciliation") == [(100,)]
    # every decision stands in one of the two groups of each stage
    decided = sum(receipt["outcomes"].values())
    for stage in ("validate", "deduplicate", "freshness", "reconcile"):
        groups = receipt["rollout"][stage]
        assert sum(sum(group.values()) for group in groups.values()) == decided
        for group in ("covered", "control"):
            assert f"rollout of {stage}, {group}: " in shown


def test_shares_of_none_and_all_are_off_and_on_and_reconciliation_compares_its_share(
    bench: Workbench,
) -> None:
    event = {"key": "k", "name": "n", "value": "no number", "ts": MOMENT}
    bench.drop("app/events.ndjson", [event, event])
    bench.drop("alpha/orders.json", [{"uid": key, "data": "new"} for key in KEYS[:1000]])
    bench.land()
    rollout = json.dumps({"rollout": {"validate": 0, "cache": 100, "reconcile": 10}})
    chosen = ("--select", "tag:events", "tag:orders", "--exclude-resource-type", "unit_test")

    result = bench.dbt("build", *chosen, "--vars", rollout)

    assert result.success, result.exception
    assert bench.outcomes("app") == ["applied", "duplicate"]
    compared = bench.sql("select order_id from marts.orders_reconciliation order by 1")
    assert compared == sorted((key,) for key in KEYS[:1000] if share_by_md5(key) < 10)
    assert bench.sql("select count(*) from marts.orders") == [(1000,)]


@pytest.mark.parametrize(
    "rollout",
    [
        {"adapt": 10},
        {"checks": 10},
        {"validate": 101},
        {"validate": -1},
        {"validate": "ten"},
        {"validate": None},
        {"validate": True},
        ["validate"],
    ],
    ids=str,
)
def test_a_wrong_rollout_is_wrong_use_and_says_what_is_right(
    own_project: Workbench, rollout: object
) -> None:
    own_project.set_vars(rollout=rollout)

    with pytest.raises(WrongUse, match="rollout") as error:
        own_project.land()

    assert "dbt_project.yml" in str(error.value)


@pytest.mark.nightly
def test_plain_dbt_refuses_a_wrong_rollout_too(bench: Workbench) -> None:
    bench.land()

    result = bench.dbt("build", "--select", "tag:events", "--vars", "rollout: {validate: 101}")

    assert "a percentage from 0 to 100" in str(result.exception)
    assert bench.sql("select count(*) from ops.events_decisions") == [(0,)]
