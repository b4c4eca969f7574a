"""The next pull asks for what is new since the last one, and reaches back a little."""

import json
from datetime import datetime

import pytest

from loader.config.http import Since
from loader.config.project import Project, open_project
from loader.pull.incremental import greatest, value_to_ask_for
from loader.pull.times import WarehouseTimes
from tests.demo.api import SampleApi
from tests.support.partner import Pull, landed, measurements, states
from tests.support.workbench import PROJECT, Workbench

SINCE = {"parameter": "since", "field": "timestamp", "overlap": 120}
NOW = datetime(2025, 11, 21, 12)


@pytest.fixture(scope="module")
def project() -> Project:
    return open_project(folder=str(PROJECT))


class TestSince:
    @pytest.mark.slow
    def test_the_next_pull_asks_for_what_is_new_and_reaches_back(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(12)) as api:
            first = pull(api, since={**SINCE, "start": "2025-01-01T00:00:00Z"})
            api.records += measurements(5, 12)
            second = pull(api, since=SINCE)
            third = pull(api, since=SINCE)

        assert first.sources[0].since == "2025-01-01T00:00:00Z"
        assert second.sources[0].since == "2025-01-01T00:09:00Z"
        assert second.sources[0].items == 5 + 3
        assert third.sources[0].since == "2025-01-01T00:14:00Z"
        own_project.run()
        counted = own_project.sql(
            "select outcome, count(*) from ops.record_outcomes where source = 'partner' "
            "group by all order by all"
        )
        assert counted == [("applied", 17), ("duplicate", 3)]

    @pytest.mark.slow
    def test_moves_only_when_a_pull_has_come_to_its_end(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        records = list(reversed(measurements(12)))  # the greatest value comes first
        with SampleApi(records, faults=lambda number: "503" if number >= 2 else None) as api:
            pull(api, since=SINCE)
            assert states(own_project)["since"] is None
            assert states(own_project)["greatest"] == "2025-01-01T00:11:00"
            api.faults = lambda number: None
            again = pull(api, since=SINCE)

        assert again.sources[0].since is None
        assert states(own_project)["since"] == "2025-01-01T00:11:00"
        assert landed(own_project) == records

    def test_does_not_follow_a_clock_that_is_wrong_nor_what_is_no_time(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        wrong = ["9999-01-01T00:00:00Z", "yesterday", 7, None, "2025-01-01T02:30:00+02:00"]
        records = [json.dumps({"id": "x", "timestamp": time}) for time in wrong]
        with SampleApi(records, sizes=(10,)) as api:
            pull(api, since=SINCE)

        assert states(own_project)["since"] == "2025-01-01T00:30:00"

    def test_may_be_a_number(self, own_project: Workbench, pull: Pull) -> None:
        since = {"parameter": "after", "field": "at.seq", "kind": "number", "overlap": 5}
        records = [
            f'{{"at": {{"seq": {number}}}}}' for number in (7, 10**30 + 1, "9.5", "1e9999999")
        ]
        with SampleApi(records, sizes=(10,)) as api:
            pull(api, since=since)
            pull(api, since=since)

        assert api.requests[-1].query["after"] == str(10**30 - 4)

    def test_is_left_out_under_full(self, own_project: Workbench, pull: Pull) -> None:
        with SampleApi(measurements(4)) as api:
            pull(api, since=SINCE)
            result = pull(api, since=SINCE, full=True)

        assert result.sources[0].items == 4
        assert "since" not in api.requests[-1].query
        assert states(own_project)["since"] == "2025-01-01T00:03:00"

    def test_is_forgotten_where_the_settings_give_it_another_meaning(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(4)) as api:
            pull(api, since=SINCE)
            result = pull(api, since=SINCE, parameters={"plant": "north"})

        assert result.sources[0].since is None
        assert "settings changed" in result.sources[0].warnings[0]

    def test_without_any_time_in_the_items_is_doubted(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(4)) as api:
            result = pull(api, since={**SINCE, "field": "updated"})

        assert "no item has a timestamp at updated" in result.sources[0].warnings[0]


FORMS = [
    *("2025-1-5", "2025-01-15", "2025-1-5 8:05", " 2025-01-15T08:00:00 ", "2025-01-15 08:00:00Z"),
    *("2025-01-15T08:00:00 UTC", "2025-01-15T08:00:00+0530", "2025-01-15T08:00:00-05"),
    *("2025-01-15 08:00:00 -05:00", "2025-01-15T08:00:00.1234567", "2025-01-15T08:00:00.5+02:00"),
    *("2025-07-15T08:00:00", "20250115", "2025-W03-3", "1736928000", "15.01.2025", "now", "epoch"),
    *("2025-01-15T08:00:00 Europe/Berlin", "2025-01-15T24:00:00", "2025-01-15T08"),
]


@pytest.mark.slow
def test_times_are_read_in_every_form_that_the_warehouse_reads_and_in_no_other(
    own_project: Workbench, project: Project
) -> None:
    """The targets hold the moments that the next pull would ask for."""
    own_project.set_meta("partner", timezone="Europe/Berlin")
    own_project.drop(
        "partner/forms.ndjson",
        [
            {"id": f"m-{number}", "value": 1, "category": "x", "timestamp": form}
            for number, form in enumerate(FORMS)
        ],
    )
    own_project.run()
    held = dict(own_project.sql("select id, timestamp from marts.measurements"))

    since = Since("since", ("at",))
    read_times = WarehouseTimes(project).read
    for number, form in enumerate(FORMS):
        item = json.dumps({"at": form})
        asked = greatest(since, "Europe/Berlin", NOW, None, [item], read_times)
        moment = held.get(f"m-{number}")
        assert asked == (moment.isoformat() if moment else None), form
    assert len(held) > 10


@pytest.mark.parametrize(
    ("kind", "known", "items", "meant"),
    [
        ("timestamp", None, [], None),
        ("timestamp", None, ['{"at": "2025-01-15"}'], "2025-01-14T23:00:00"),
        ("timestamp", "2025-01-16T00:00:00", ['{"at": "2025-01-15"}'], "2025-01-16T00:00:00"),
        ("timestamp", None, ['{"at": "2025-01-15T08:00:00.5Z"}'], "2025-01-15T08:00:00.500000"),
        ("timestamp", None, ["{", "[]", "7", '{"at": [1]}', '{"at": true}'], None),
        ("number", "7", ['{"at": 7.25}', '{"at": "x"}', '{"at": "NaN"}'], "7.25"),
        ("number", None, ['{"at": 1e400}', '{"at": 100}'], "100"),
    ],
)
def test_the_greatest_value_counts(
    project: Project, kind: str, known: str | None, items: list[str], meant: str | None
) -> None:
    since = Since("since", ("at",), kind)
    read_times = WarehouseTimes(project).read

    assert greatest(since, "Europe/Berlin", NOW, known, items, read_times) == meant


@pytest.mark.parametrize(
    ("kind", "overlap", "known", "meant"),
    [
        ("timestamp", 60, None, "start"),
        ("timestamp", 60, "2025-01-16T00:00:00", "2025-01-15T23:59:00Z"),
        ("timestamp", 0.5, "2025-01-16T00:00:00", "2025-01-15T23:59:59.500000Z"),
        ("timestamp", 10.0**11, "2025-01-16T00:00:00", "start"),
        ("timestamp", 0, "changed by hand", "start"),
        ("number", 0.5, "7", "6.5"),
    ],
)
def test_what_is_asked_for_reaches_back(
    kind: str, overlap: float, known: str | None, meant: str
) -> None:
    assert value_to_ask_for(Since("since", ("at",), kind, overlap, "start"), known) == meant
