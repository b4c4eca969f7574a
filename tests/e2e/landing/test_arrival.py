"""The order of arrival is one clock: what lands first has the least number, whatever lands it."""

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.commands import health
from loader.landing import folder
from loader.landing.folder import in_order_of_arrival
from tests.support.landed import statuses
from tests.support.workbench import Workbench

LINE = '{"key": "k1"}'
OTHER = '{"key": "k2"}'

Came = Callable[..., None]


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> Came:
    """Let files have come at these seconds, which nobody can do to a real file."""
    seconds: dict[str, float] = {}
    monkeypatch.setattr(
        folder, "_came_at", lambda path: round(seconds.get(path.name, 0) * 1_000_000_000)
    )
    return lambda **given: seconds.update({f"{k}.ndjson": v for k, v in given.items()})


def arrivals(bench: Workbench) -> list[str]:
    return [file for (file,) in bench.sql("select file from raw.loads order by load_id")]


class TestFilesThatWaitTogether:
    def test_land_as_they_came(self, bench: Workbench, came: Came) -> None:
        bench.drop("partner/first.ndjson", LINE)
        bench.drop("plant/day-9.ndjson", LINE)
        bench.drop("plant/day-10.ndjson", OTHER)
        came(**{"first": 10, "day-9": 20, "day-10": 30})

        landing = bench.land()

        assert arrivals(bench) == [
            "partner/first.ndjson",
            "plant/day-9.ndjson",
            "plant/day-10.ndjson",
        ]
        # a person looks for them by source and name
        assert [each.file for each in landing.files] == [
            "plant/day-10.ndjson",
            "plant/day-9.ndjson",
            "partner/first.ndjson",
        ]

    def test_at_once_land_by_source_and_name(self, bench: Workbench, came: Came) -> None:
        for number, name in enumerate(("partner/a", "plant/c", "plant/b")):
            bench.drop(f"{name}.ndjson", f'{{"key": {number}}}')
        came(a=1.0, c=2.5, b=4.0)

        bench.land()

        assert arrivals(bench) == ["plant/b.ndjson", "plant/c.ndjson", "partner/a.ndjson"]

    def test_go_by_what_nobody_can_set_back(self, bench: Workbench) -> None:
        one = bench.drop("app/one.ndjson", LINE)
        before = folder._came_at(one)
        os.utime(one, (0, 0))

        assert folder._came_at(one) >= before > 0

    def test_that_are_gone_again_harm_nobody(self, tmp_path: Path) -> None:
        here = tmp_path / "here"
        here.touch()

        assert in_order_of_arrival([here, tmp_path / "gone"]) == [tmp_path / "gone", here]


def test_what_was_turned_away_arrives_when_it_lands(bench: Workbench) -> None:
    path = bench.drop("app/cut.json", f"[{LINE}")
    assert statuses(bench.land()) == {"app/cut.json": "quarantined"}
    bench.drop("web/later.ndjson", LINE)
    bench.land()
    path.write_text(f"[{LINE}]")

    assert statuses(bench.land())["app/cut.json"] == "landed"

    assert bench.sql("select load_id, file, status from raw.loads order by load_id") == [
        (1, "app/cut.json", "quarantined"),
        (2, "web/later.ndjson", "landed"),
        (3, "app/cut.json", "landed"),
    ]


@pytest.mark.slow
def test_fixed_settings_do_not_let_it_arrive_earlier(own_project: Workbench) -> None:
    own_project.drop("plant/a.csv", "id;value\n1;2\n")
    own_project.set_meta("plant", format={"kind": "parquet"})
    assert statuses(own_project.land()) == {"plant/a.csv": "quarantined"}
    own_project.drop("app/b.ndjson", LINE)
    own_project.land()
    own_project.set_meta("plant", format={"delimiter": ";"})

    own_project.land()

    assert own_project.sql("select load_id, file from raw.loads order by 1") == [
        (2, "app/b.ndjson"),
        (3, "plant/a.csv"),
    ]


@pytest.fixture
def full(own_project: Workbench) -> Workbench:
    """A project whose events are delivered in full."""
    own_project.set_meta("app", delivery="full")
    return own_project


def landed(bench: Workbench) -> list[tuple[Any, ...]]:
    return bench.sql(
        "select file, record from raw.loads left join raw.app using (load_id) "
        "where status = 'landed' order by load_id"
    )


class TestAWholeState:
    """Of a source whose every file is its whole state, an earlier state may come again."""

    @pytest.mark.slow
    def test_lands_again_where_it_is_not_the_newest(self, full: Workbench) -> None:
        for name, content in (("1", LINE), ("2", OTHER), ("3", LINE)):
            full.drop(f"app/{name}.ndjson", content)
            assert statuses(full.land())[f"app/{name}.ndjson"] == "landed"

        assert landed(full) == [
            ("app/1.ndjson", LINE),
            ("app/2.ndjson", OTHER),
            ("app/3.ndjson", LINE),
        ]

    @pytest.mark.slow
    def test_that_waits_is_said_to_wait(self, full: Workbench) -> None:
        for content in (LINE, OTHER, LINE):
            full.drop("app/state.ndjson", content)
            full.land()
        full.drop("app/state.ndjson", OTHER)

        (finding,) = [each for each in health.doctor(full.project) if each.check == "files"]

        assert finding.detail == "1 not landed yet: app/state.ndjson"

    @pytest.mark.slow
    def test_lands_again_under_its_own_name(self, full: Workbench) -> None:
        for content in (LINE, OTHER, LINE):
            full.drop("app/state.ndjson", content)
            assert statuses(full.land()) == {"app/state.ndjson": "landed"}

    @pytest.mark.slow
    @pytest.mark.parametrize("wait", [0, 0.15], ids=["just written", "at rest"])
    def test_stays_in_the_folder_and_lands_once(self, full: Workbench, wait: float) -> None:
        full.drop("app/1.ndjson", LINE)
        full.drop("app/2.ndjson", OTHER)
        time.sleep(wait)
        full.land()

        for _ in range(2):
            assert set(statuses(full.land()).values()) == {"known"}

        assert len(landed(full)) == 2

    @pytest.mark.slow
    def test_that_is_touched_or_copied_back_is_no_new_delivery(self, full: Workbench) -> None:
        first = full.drop("app/1.ndjson", LINE)
        full.drop("app/2.ndjson", OTHER)
        full.land()
        first.chmod(0o600)
        assert set(statuses(full.land()).values()) == {"known"}
        first.rename(first.with_name(".old"))
        full.drop("app/1.ndjson", LINE)

        assert set(statuses(full.land()).values()) == {"known"}
        assert len(landed(full)) == 2

    @pytest.mark.slow
    def test_copied_while_it_is_the_newest_never_becomes_a_delivery(self, full: Workbench) -> None:
        full.drop("app/1.ndjson", LINE)
        full.drop("app/copy.ndjson", LINE)
        time.sleep(0.15)
        assert statuses(full.land()) == {"app/1.ndjson": "landed", "app/copy.ndjson": "known"}
        full.drop("app/2.ndjson", OTHER)
        assert statuses(full.land())["app/2.ndjson"] == "landed"

        for _ in range(2):
            assert set(statuses(full.land()).values()) == {"known"}

        assert full.sql("select file, status, rows, reason from raw.loads order by load_id") == [
            ("app/1.ndjson", "landed", 1, None),
            ("app/copy.ndjson", "known", 0, "its content is that of load 1"),
            ("app/2.ndjson", "landed", 1, None),
        ]

    @pytest.mark.slow
    def test_packed_is_known_by_the_newest_only(self, full: Workbench) -> None:
        full.drop("app/1.ndjson", LINE)
        full.drop("app/2.ndjson", OTHER)
        full.land()
        full.drop("app/3.ndjson.gz", gzip.compress(OTHER.encode()))
        assert statuses(full.land())["app/3.ndjson.gz"] == "known"
        full.drop("app/4.ndjson.gz", gzip.compress(LINE.encode()))
        assert statuses(full.land())["app/4.ndjson.gz"] == "landed"

    @pytest.mark.slow
    def test_that_is_damaged_is_turned_away_each_time(self, full: Workbench) -> None:
        full.drop("app/1.json", f"[{LINE}]")
        full.land()
        full.drop("app/2.json", f"[{OTHER}")
        for _ in range(2):
            assert statuses(full.land()) == {"app/1.json": "known", "app/2.json": "quarantined"}
        full.drop("app/2.json", f"[{OTHER}]")

        assert statuses(full.land()) == {"app/1.json": "known", "app/2.json": "landed"}
