"""Late records under each policy, and watermarks that somebody damaged."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from hub.queries.receipt import entity_receipt
from tests.support.additions import add_source
from tests.support.workbench import Workbench, copy_project, enter

pytestmark = pytest.mark.slow

Record = dict[str, Any]
Receipt = dict[str, Any]


def event(key: str, time: str, name: str = "a", value: Any = 1) -> Record:
    return {"key": key, "name": name, "value": value, "ts": f"2025-01-15T{time}:00"}


def click(event_id: str, time: str, kind: str = "search") -> Record:
    return {
        "event_id": event_id,
        "event_timestamp": f"2025-01-15T{time}:00Z",
        "event_type": kind,
        "user_id": "u",
    }


# what somebody writes over the stored watermark of a source, which is 10:00
DAMAGES: dict[str, str | None] = {
    "future": "2099-01-01",
    "word": "garbage",
    "empty": "",
    "missing": None,
    "low": "2025-01-15T07:30:00",
    "high": "2025-02-01T00:00:00",
}


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, list[Receipt]]:
    """Three runs and their receipts.

    app skips what is late, web makes it dead letters after ten minutes' grace, phone skips too
    but is far behind app, tablet has no policy. Before the second run somebody damages the stored
    watermarks of sources named after the damage, which all skip.
    """
    root = tmp_path_factory.mktemp("late")
    copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        for name in ("phone", "tablet", *DAMAGES):
            add_source(root, name, like="app", entity="events")
        for name in ("app", "phone", *DAMAGES):
            bench.set_meta(name, late="skip")
        bench.set_meta("web", late="dead_letter", allowed_lateness=600)
        bench.drop(
            "app/1.ndjson",
            [event("first", "08:30"), event("older-in-the-first-run", "07:00")],
        )
        bench.drop("phone/1.ndjson", [event("phone-first", "06:00")])
        bench.drop("tablet/1.ndjson", [event("tablet-first", "09:00")])
        bench.drop("web/1.ndjson", [click("web-first", "08:30")])
        for name in DAMAGES:
            bench.drop(f"{name}/1.ndjson", [event(f"{name}-first", "10:00")])
        receipts = [bench.run()]
        for name, stored in DAMAGES.items():
            bench.sql("update ops.watermark_log set stored = ? where source = ?", stored, name)
            bench.drop(f"{name}/2.ndjson", [event(f"{name}-next", "10:01")])
        bench.drop(
            "app/2.ndjson",
            [
                event("before", "08:05"),
                event("at-the-watermark", "08:30"),
                event("after", "09:00"),
                event("after-but-behind-its-own-run", "08:45"),
                event("first", "08:15", "an older state"),
                event("first", "08:30"),
                event("late-and-wrong", "08:00", value="x"),
            ],
        )
        bench.drop(
            "phone/2.ndjson",
            [event("phone-between", "07:00"), event("phone-late", "05:00")],
        )
        bench.drop(
            "tablet/2.ndjson",
            [
                event("tablet-older", "08:00"),
                event("tablet-first", "08:00"),
                event("tablet-rejected", "09:30", value="x"),
            ],
        )
        bench.drop(
            "web/2.ndjson",
            [
                click("beyond-grace", "08:19"),
                click("at-the-end-of-grace", "08:20"),
                click("within-grace", "08:21"),
                click("late-click-and-wrong", "08:00", "hover"),
                click("after-the-watermark", "09:00"),
            ],
        )
        receipts.append(bench.run())
        bench.drop("app/3.ndjson", [event("before", "08:05"), event("before", "08:06")])
        bench.drop("web/3.ndjson", [click("beyond-grace", "08:19"), click("later", "09:30")])
        for name in DAMAGES:
            bench.drop(f"{name}/3.ndjson", [event(f"{name}-last", "10:02")])
        receipts.append(bench.run())
        assert [receipt["errors"] for receipt in receipts] == [[], [], []]
        return bench, receipts


@pytest.fixture
def bench_late(late: tuple[Workbench, list[Receipt]]) -> Workbench:
    return late[0]


def outcomes(bench: Workbench, key: str) -> list[str]:
    return [
        outcome
        for (outcome,) in bench.sql(
            "select outcome from ops.record_outcomes where record_key = ? order by record_id", key
        )
    ]


def watermark(bench: Workbench, source: str) -> str:
    [(stored,)] = bench.sql("select stored from ops.watermarks where source = ?", source)
    return str(stored)


def test_under_skip_only_what_is_after_the_watermark_is_staged(
    late: tuple[Workbench, list[Receipt]],
) -> None:
    bench, receipts = late
    assert outcomes(bench, "before")[0] == "late"
    assert outcomes(bench, "at-the-watermark") == ["late"]
    assert outcomes(bench, "after") == ["applied"]
    assert receipts[1]["sources"]["app"]["late"] == 3
    assert receipts[1]["sources"]["app"]["applied"] == 2


@pytest.mark.nightly
def test_the_classic_of_one_record_past_the_watermark(own_project: Workbench) -> None:
    own_project.set_meta("app", late="skip")
    own_project.drop("app/1.json", [event("a", "08:00"), event("b", "08:30")])
    assert entity_receipt(own_project.run(), "events")["watermark"] == "2025-01-15T08:30:00"
    own_project.drop("app/2.json", [event("c", "08:15"), event("d", "08:30"), event("e", "09:00")])
    part = entity_receipt(own_project.run(), "events")
    assert part["input_records"] == 3
    assert part["staged"] == part["loaded"] == 1
    assert part["sources"]["app"]["late"] == 2
    assert part["lineage"] == {"stage": 3, "load": 3, "late": 2}
    assert part["dead_letters"] == part["rejected"] == 0
    assert part["target_rows"] == 3
    assert part["watermark"] == "2025-01-15T09:00:00"


def test_nothing_is_late_in_the_first_run(bench_late: Workbench) -> None:
    assert outcomes(bench_late, "older-in-the-first-run") == ["applied"]


def test_lateness_is_judged_by_the_watermark_as_the_run_began(bench_late: Workbench) -> None:
    assert outcomes(bench_late, "after-but-behind-its-own-run") == ["applied"]


def test_late_comes_before_outdated(bench_late: Workbench) -> None:
    assert outcomes(bench_late, "first")[1] == "late"


def test_duplicate_and_rejected_come_before_late(bench_late: Workbench) -> None:
    [(outcome,)] = bench_late.sql(
        "select outcome from ops.record_outcomes where file = 'app/2.ndjson' and row_number = 6"
    )
    assert outcome == "duplicate"
    assert outcomes(bench_late, "late-and-wrong") == ["rejected"]
    assert outcomes(bench_late, "late-click-and-wrong") == ["rejected"]


def test_what_was_skipped_is_in_the_lineage_and_in_raw_but_no_letter(
    bench_late: Workbench,
) -> None:
    assert bench_late.sql("select step from ops.lineage where record_key = 'at-the-watermark'") == [
        ("late",)
    ]
    assert bench_late.sql(
        "select count(*) from raw.app where record like '%at-the-watermark%'"
    ) == [(1,)]
    assert bench_late.sql(
        "select count(*) from ops.dead_letters where record_key = 'at-the-watermark'"
    ) == [(0,)]
    assert bench_late.sql("select count(*) from marts.events where key = 'at-the-watermark'") == [
        (0,)
    ]


def test_a_late_record_again_is_a_duplicate(bench_late: Workbench) -> None:
    assert outcomes(bench_late, "before") == ["late", "duplicate", "late"]
    [(rival, late_id)] = bench_late.sql(
        "select max(other_record_id), min(record_id) from ops.record_outcomes "
        "where record_key = 'before'"
    )
    assert rival == late_id


def test_grace_ends_where_it_says_inclusive(bench_late: Workbench) -> None:
    assert outcomes(bench_late, "beyond-grace")[0] == "late"
    assert outcomes(bench_late, "at-the-end-of-grace") == ["late"]
    assert outcomes(bench_late, "within-grace") == ["applied"]


def test_under_dead_letter_a_late_record_is_a_letter(bench_late: Workbench) -> None:
    letters = bench_late.sql(
        "select record_key, error, reasons, status, record like '{%beyond-grace%' "
        "from ops.dead_letters where source = 'web' and record_key = 'beyond-grace'"
    )
    assert letters == [("beyond-grace", "late", ["late"], "open", True)]


def test_late_letters_are_counted_as_late_not_as_rejected(
    late: tuple[Workbench, list[Receipt]],
) -> None:
    part = entity_receipt(late[1][1], "clicks")
    assert part["sources"]["web"]["late"] == 2
    assert part["rejected"] == 1
    assert part["dead_letters"] == 3
    assert part["sources"]["web"]["quality"] == pytest.approx(2 / 3, abs=1e-4)


def test_each_source_has_its_own_watermark(bench_late: Workbench) -> None:
    assert outcomes(bench_late, "phone-between") == ["applied"]
    assert outcomes(bench_late, "phone-late") == ["late"]
    assert watermark(bench_late, "app") == "2025-01-15T09:00:00"
    assert watermark(bench_late, "phone") == "2025-01-15T07:00:00"


def test_the_watermark_of_several_sources_is_the_least(
    late: tuple[Workbench, list[Receipt]],
) -> None:
    assert entity_receipt(late[1][1], "events")["watermark"] == "2025-01-15T07:00:00"


def test_by_default_what_is_late_is_applied_like_any_other(
    late: tuple[Workbench, list[Receipt]],
) -> None:
    bench, receipts = late
    assert receipts[1]["sources"]["tablet"]["late"] == 0
    assert outcomes(bench, "tablet-older") == ["applied"]
    assert outcomes(bench, "tablet-first") == ["applied", "outdated"]
    assert watermark(bench, "tablet") == "2025-01-15T09:00:00"


def test_a_rejected_record_does_not_move_the_watermark(bench_late: Workbench) -> None:
    assert outcomes(bench_late, "tablet-rejected") == ["rejected"]
    assert watermark(bench_late, "tablet") == "2025-01-15T09:00:00"


def watermark_warnings(receipt: Receipt) -> dict[str, str]:
    """The warnings about watermarks, by source."""
    return {
        warning.split(":")[0]: warning for warning in receipt["warnings"] if "watermark" in warning
    }


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_watermark_is_reported(
    late: tuple[Workbench, list[Receipt]], damage: str
) -> None:
    warning = watermark_warnings(late[1][1])[damage]
    assert "recomputed" in warning
    found = DAMAGES[damage]
    assert f"found {'NULL' if found is None else repr(found)}," in warning


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_watermark_stops_no_source_and_judges_no_record(
    late: tuple[Workbench, list[Receipt]], damage: str
) -> None:
    bench, receipts = late
    assert receipts[1]["sources"][damage]["applied"] == 1
    assert receipts[1]["sources"][damage]["late"] == 0
    assert outcomes(bench, f"{damage}-next") == ["applied"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_watermark_is_recomputed(bench_late: Workbench, damage: str) -> None:
    stored = bench_late.sql(
        "select stored from ops.watermark_log where source = ? order by entry", damage
    )
    # the first entry is the damaged one
    assert [value for (value,) in stored][1:] == ["2025-01-15T10:01:00", "2025-01-15T10:02:00"]


def test_only_damaged_watermarks_are_reported_and_only_once(
    late: tuple[Workbench, list[Receipt]],
) -> None:
    reported = [set(watermark_warnings(receipt)) for receipt in late[1]]
    assert reported == [set(), set(DAMAGES), set()]
    actions = late[0].sql("select distinct action from ops.watermarks")
    assert actions == [("kept",)]


def test_a_damaged_watermark_is_repaired_though_nothing_is_to_land(
    bench_late: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(bench_late.root, tmp_path / "hub")
    bench = enter(tmp_path / "hub", monkeypatch)
    bench.sql("update ops.watermark_log set stored = 'garbage' where source = 'app'")
    shown = "select stored, recomputed, action from ops.watermarks where source = 'app'"
    [(stored, recomputed, action)] = bench.sql(shown)
    assert (stored, recomputed) == ("garbage", "2025-01-15T09:00:00")
    assert action.startswith("recomputed")
    assert list(watermark_warnings(bench.run())) == ["app"]
    assert bench.sql(shown) == [("2025-01-15T09:00:00", "2025-01-15T09:00:00", "kept")]
