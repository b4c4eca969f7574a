"""Files in folders below a source's folder land like any other, under their path."""

import json
import os
import time
from pathlib import Path

import pytest

from hub.commands import health, questions
from hub.queries.explain import parse_question
from loader.landing.walk import open_below
from tests.support.landed import ledger, raw, statuses, watched_digests
from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
OTHER = {**EVENT, "key": "k2"}
DAY = "app/dt=2026-11-27/x.ndjson"
NEXT_DAY = "app/dt=2026-11-28/x.ndjson"


def build_events(bench: Workbench) -> bool:
    chosen = ("--select", "tag:events", "--exclude-resource-type", "unit_test")
    return bool(bench.dbt("build", *chosen).success)


def test_names_that_differ_in_the_folder_only_are_two_files(bench: Workbench) -> None:
    bench.drop(DAY, [EVENT])
    bench.drop(NEXT_DAY, [OTHER])
    bench.drop("app/x.ndjson", [{**EVENT, "key": "k3"}])
    bench.drop("app/a/b/c/x.ndjson", [{**EVENT, "key": "k4"}])

    landed = statuses(bench.land())

    assert landed == dict.fromkeys(["app/a/b/c/x.ndjson", DAY, NEXT_DAY, "app/x.ndjson"], "landed")
    assert {file for file, *_ in ledger(bench)} == set(landed)
    assert set(statuses(bench.land()).values()) == {"known"}


@pytest.mark.slow
def test_an_appended_file_repeats_its_own_rows_and_not_those_of_its_namesake(
    bench: Workbench,
) -> None:
    # without an event time: what is no duplicate would be applied again
    shipped, returned = ({"uid": "o1", "data": status} for status in ("shipped", "returned"))
    bench.drop("alpha/a/log.ndjson", [shipped, returned])
    bench.land()
    bench.drop("alpha/b/log.ndjson", [{"uid": "o1", "data": "delivered"}])
    bench.land()
    bench.drop("alpha/a/log.ndjson", [shipped, returned, {"uid": "o2", "data": "shipped"}])
    bench.land()
    chosen = ("--select", "tag:orders", "--exclude-resource-type", "unit_test")
    assert bench.dbt("build", *chosen).success

    assert bench.sql("select order_id, status from marts.orders order by 1") == [
        ("o1", "delivered"),
        ("o2", "shipped"),
    ]


@pytest.mark.slow
def test_why_doctor_and_views_name_the_path(bench: Workbench) -> None:
    bench.drop(DAY, [EVENT, {**EVENT, "key": ""}])
    bench.land()
    assert build_events(bench)
    bench.drop("app/dt=2026-11-28/cut.json", "[")
    bench.land()
    bench.drop(NEXT_DAY, [OTHER])

    (record,) = questions.why(bench.project, parse_question(f"{DAY}:1", None))["records"]
    findings = {finding.check: finding.detail for finding in health.doctor(bench.project)}

    assert (record["file"], record["key"]) == (DAY, "k1")
    assert bench.sql("select file, row_number from ops.dead_letters") == [(DAY, 2)]
    assert findings["files"] == f"1 not landed yet: {NEXT_DAY}"
    assert "app/dt=2026-11-28/cut.json (truncated_json" in findings["quarantine"]


def test_a_file_that_was_moved_into_another_folder_lands_nothing(bench: Workbench) -> None:
    path = bench.drop("app/x.ndjson", [EVENT])
    bench.land()
    moved = bench.root / "landing" / DAY
    moved.parent.mkdir()
    path.rename(moved)

    assert statuses(bench.land()) == {DAY: "known"}
    assert len(raw(bench)) == 1


def test_an_untouched_file_below_is_not_read_again(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop(DAY, [EVENT])
    time.sleep(0.15)
    bench.land()
    digested = watched_digests(monkeypatch)

    assert statuses(bench.land()) == {DAY: "known"}
    assert digested == []


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(tmp_path: Path) -> None:
    for name in ("outside", "app/below"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x.ndjson").write_text(json.dumps(EVENT))
    folder = tmp_path / "app"
    os.close(open_below(folder, folder / "below" / "x.ndjson"))
    (folder / "below" / "x.ndjson").unlink()
    (folder / "below").rmdir()
    (folder / "below").symlink_to(tmp_path / "outside")

    with pytest.raises(OSError, match=r"(Not a directory|symbolic links)"):
        open_below(folder, folder / "below" / "x.ndjson")
